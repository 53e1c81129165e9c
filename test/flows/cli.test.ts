import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { oncepayAt } from '../support/command-line.ts';
import { argumentsOf, isForAws, placeholderOf, runbookLines } from '../support/runbooks.ts';
import { LocalRuntime, ROOT } from '../support/runtime.ts';

const runtime = new LocalRuntime(['test/support/fast-runtime.ts']);
let api: ApiClient;

beforeAll(async () => {
  api = new ApiClient(await runtime.start());
});
afterAll(() => runtime.dispose());

const oncepay = (...args: readonly string[]) => oncepayAt(runtime.directory, args);

/** The command as its user runs it, in a process of its own. */
function launched(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const all = ['cli/launch.mjs', '--data', runtime.directory, ...args];
    execFile(process.execPath, all, { cwd: ROOT }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function inReview(
  paymentMethod = 'sim_wrong_amount',
): Promise<{ paymentId: string; orderId: string; instructionId: string }> {
  const { body } = await api.pay({ paymentMethod });
  await expect
    .poll(async () => (await api.get(`/payments/${body.id}`)).body.payment_orders[0].status_detail, {
      timeout: 10_000,
    })
    .toBe('manual_review');
  const [order] = body.payment_orders;
  const { json } = await oncepay('dead-letters', 'show', order.id, '--json');
  return { paymentId: body.id, orderId: order.id, instructionId: json.dead_letter_id };
}

/** A message that no version of ours wrote: the second time that it is seen it waits for a person. */
async function sendPoison(): Promise<void> {
  const { sqs: endpoint, queueUrl: QueueUrl } = api.endpoints;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials });
  await sqs.send(
    new SendMessageCommand({
      QueueUrl,
      MessageBody: `poison ${randomUUID()}`,
      MessageGroupId: 'x',
      MessageDeduplicationId: randomUUID(),
    }),
  );
  sqs.destroy();
}

/** As the sweep notes a charge of the PSP's dashboard. A real one would make `verify` report a charge of nobody's order. */
async function noted(): Promise<string> {
  const id = `dsc_${randomUUID()}`;
  const database = new pg.Client(api.endpoints.postgres);
  await database.connect();
  await database.query(
    `insert into movement_discrepancy (discrepancy_id, psp_account, reason, kind, amount_minor, currency, occurred_at, psp_entry_id,
                                       noted_at)
     values ($1, 'simulator', 'unknown', 'charge', 700, 'EUR', now(), $1, now())`,
    [id],
  );
  await database.end();
  return id;
}

/** A message that waits for a person; the redrive that the schedule would start in a while is started now. */
async function inQuarantine(): Promise<string> {
  await sendPoison();
  const messages = async () => {
    await oncepay('dead-letters', 'redrive', '--why', 'a test');
    const { json } = await oncepay('quarantine', 'list', '--json');
    return json
      .map((deadLetter: { dead_letter_id: string }) => deadLetter.dead_letter_id)
      .filter((id: string) => id.startsWith('sha256:'));
  };
  await expect.poll(messages, { timeout: 30_000, interval: 250 }).not.toEqual([]);
  return (await messages())[0];
}

/** What the schedule of this function would run within the hour. */
async function runNow(functionName: string): Promise<void> {
  const command = { method: 'POST', body: JSON.stringify({ run_schedule: functionName }) };
  expect(await (await fetch(`${api.endpoints.runtime}/control`, command)).json()).toEqual({ done: true });
}

/** When something last ran that may leave something to the relay; milliseconds. */
async function lastActivity(): Promise<number> {
  const { dynamodb, settings } = api.endpoints;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new DynamoDBClient({ endpoint: dynamodb, region: 'us-east-1', credentials });
  const Key = { pk: { S: 'last-activity' } };
  const TableName = settings.activityTable ?? '';
  const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  return Number(Item?.at?.N);
}

describe('the command', () => {
  test('writes data to stdout, notes to stderr, and ends with an exit code', async () => {
    const { code, out, err } = await launched('verify', '--json');
    expect(JSON.parse(out)).toMatchObject({ ok: true });
    expect(err).toContain('holds');
    expect(code).toBe(0);
  });

  test.each([
    [2, ['pause', 'everything', '--why', 'x']],
    [2, ['pause', '--nonsense']],
    [2, ['verify', '--profile', 'payments']],
    [2, ['verify', '--stage', 'qa']],
    [2, ['dead-letters', 'redrive', '--rate', '501']],
    [3, ['--data', '/nowhere', 'circuits']],
    [4, ['quarantine', 'release', 'ins_x', '--why', 'x']],
  ])('ends with %i for %j', async (code, args) => {
    expect((await launched(...args)).code).toBe(code);
  });
});

describe('verify', () => {
  test('says that all invariants hold', async () => {
    const { body } = await api.pay();
    await api.settled(body.id);
    const { code, out } = await oncepay('verify');
    expect(out).toContain('All 19 invariants hold.');
    expect(code).toBe(0);
  });
});

// Before the tests below close orders against what the PSP holds, which `verify` finds.
describe('the runbooks', () => {
  const because = ['--why', 'a runbook'];
  /** The commands of a page are about one merchant. */
  const merchants = new Map<string, string>();
  /** What a reader would put in; the others are fresh each time, since commands use them up. */
  const values: Readonly<Record<string, (page: string) => Promise<string>>> = {
    order: async () => (await api.pay()).body.payment_orders[0].id,
    instruction: async () => (await inReview()).instructionId,
    charge: async () => `ch_${randomUUID()}`,
    message: inQuarantine,
    discrepancy: noted,
    psp: async () => 'simulator_2',
    merchant: async (page) => {
      const known = merchants.get(page);
      if (known !== undefined) return known;
      const merchant = `mer_${randomUUID()}`;
      merchants.set(page, merchant);
      await oncepay('keys', 'create', '--merchant', merchant, '--name', 'A shop', ...because);
      return merchant;
    },
    key: async () => {
      const { json } = await oncepay(
        'keys',
        'list',
        '--merchant',
        (await values.merchant?.(randomUUID())) ?? '',
        '--json',
      );
      return json[0].api_key_id;
    },
  };

  const lines = runbookLines().filter((line) => !isForAws(line));
  const commands = [...new Set(lines.map((line) => argumentsOf(line).join(' ')))].map(
    (command) => lines.find((line) => argumentsOf(line).join(' ') === command) ?? { page: '', text: '' },
  );

  test.each(commands)('$page: $text', { timeout: 60_000 }, async (line) => {
    const args: string[] = [];
    for (const argument of argumentsOf(line)) {
      const placeholder = placeholderOf(argument);
      args.push(
        placeholder === undefined ? argument : ((await values[placeholder]?.(line.page)) ?? argument),
      );
    }
    const { code, out, err } = await oncepay(...args);
    expect(code, `${out}${err}`).toBe(0);
    expect(args).not.toContainEqual(expect.stringMatching(/[<>…]/));
  });

  test('have many of them', () => {
    expect(commands.length).toBeGreaterThan(30);
  });
});

describe('what is in quarantine', () => {
  test('is listed with its reason, and shown with its history', async () => {
    const { instructionId, orderId } = await inReview();
    const { json: list } = await oncepay('quarantine', 'list', '--json');
    expect(list).toContainEqual(
      expect.objectContaining({
        dead_letter_id: instructionId,
        payment_order_id: orderId,
        state: 'quarantined',
      }),
    );
    const { out } = await oncepay('dead-letters', 'show', instructionId);
    expect(out).toContain('the PSP answered');
    expect(out).toContain('attempt 1: send');
  });

  test('is closed as charged: SUCCESS, booked, with operator and reason', async () => {
    const { instructionId, paymentId } = await inReview();
    const closed = await oncepay(
      'quarantine',
      'close',
      instructionId,
      '--charged',
      '--psp-reference',
      'ch_seen',
      '--by',
      'ann',
      '--why',
      'seen in the portal',
      '--yes',
    );
    expect(closed).toMatchObject({ code: 0, out: expect.stringContaining('SUCCESS') });
    const payment = (await api.get(`/payments/${paymentId}`)).body;
    expect(payment).toMatchObject({ status: 'SUCCESS', payment_orders: [{ psp_reference: 'ch_seen' }] });
    const { json } = await oncepay('dead-letters', 'show', instructionId, '--json');
    expect(json.history).toContainEqual(
      expect.objectContaining({ what: 'closed by ann', detail: 'seen in the portal' }),
    );
    expect(
      (await oncepay('quarantine', 'close', instructionId, '--not-charged', '--why', 'again', '--yes')).code,
    ).toBe(4);
  });

  test('is closed as not charged: FAILED, rolled back', async () => {
    const { instructionId, paymentId } = await inReview();
    expect(
      (await oncepay('quarantine', 'close', instructionId, '--not-charged', '--why', 'never there', '--yes'))
        .code,
    ).toBe(0);
    expect((await api.get(`/payments/${paymentId}`)).body).toMatchObject({
      status: 'FAILED',
      payment_orders: [{ failure: { code: 'rolled_back' } }],
    });
  });

  test('is released, looked up again, and returns if the PSP still reports another amount', async () => {
    const { instructionId, orderId } = await inReview();
    const before = await lastActivity();
    expect((await oncepay('quarantine', 'release', instructionId, '--why', 'look again')).code).toBe(0);
    // Only the relay sends it, and where the database sleeps it looks after an activity alone.
    expect(await lastActivity()).toBeGreaterThan(before);
    await runNow('relay-instructions');
    await expect
      .poll(
        async () => (await oncepay('dead-letters', 'show', instructionId, '--json')).json.history.length,
        {
          timeout: 30_000,
        },
      )
      .toBeGreaterThan(4);
    expect(await api.charges(orderId)).toBe(1);
  });

  test('asks for evidence and for a reason', async () => {
    expect(await oncepay('quarantine', 'close', 'ins_x', '--why', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--charged or --not-charged'),
    });
    expect(await oncepay('quarantine', 'release', 'ins_x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--why'),
    });
    expect((await oncepay('quarantine', 'release', 'ins_x', '--why', 'x')).code).toBe(4);
    const unnamed = ['--charged', '--psp-reference', ' ', '--yes', '--why', 'x'];
    expect(await oncepay('quarantine', 'close', 'ins_x', ...unnamed)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--psp-reference <id>'),
    });
  });
});

test('poison that is released is sent again unchanged, and is known when it comes back', async () => {
  const id = await inQuarantine();
  const shown = async () => (await oncepay('dead-letters', 'show', id, '--json')).json;
  const { times_seen: before, body } = await shown();
  expect((await oncepay('quarantine', 'release', id, '--why', 'look again')).code).toBe(0);
  // Another body would have another id.
  await expect.poll(async () => (await shown()).times_seen, { timeout: 30_000 }).toBeGreaterThan(before);
  expect((await shown()).body).toBe(body);
});

describe('an order closed by an operator', () => {
  const because = ['--by', 'ann', '--why', 'seen in the portal', '--yes'];
  const chargeOf = async (orderId: string): Promise<string> =>
    (await oncepay('simulator', 'charges', '--reference', orderId, '--json')).json.charges[0].id;
  const asCharged = async (instructionId: string, charge: string) => {
    const evidence = ['--charged', '--psp-reference', charge];
    expect((await oncepay('quarantine', 'close', instructionId, ...evidence, ...because)).code).toBe(0);
  };
  /** Of the orders asked for, what `verify` says about them. */
  const saidOf = async (orderId: string): Promise<string[]> => {
    const { code, json } = await oncepay('verify', '--json');
    expect([code, json.ok]).toEqual([1, false]);
    const broken: { invariant: string; examples: string[]; advice: string }[] = json.checked.flatMap(
      ({ violations }: { violations: unknown }) => violations,
    );
    return broken
      .filter(({ examples }) => examples.some((example) => example.startsWith(orderId)))
      .map(({ invariant }) => invariant);
  };

  test('against the PSP’s record is a violation for verify, with operator, reason and advice', async () => {
    const otherAmount = await inReview();
    await asCharged(otherAmount.instructionId, await chargeOf(otherAmount.orderId));
    expect(await saidOf(otherAmount.orderId)).toEqual([
      expect.stringContaining('another amount or currency'),
    ]);

    const misnamed = await inReview('sim_wrong_reference');
    await asCharged(misnamed.instructionId, 'ch_typed');
    expect(await saidOf(misnamed.orderId)).toEqual([expect.stringContaining('names another charge')]);

    const paid = await inReview('sim_wrong_reference');
    await oncepay('quarantine', 'close', paid.instructionId, '--not-charged', ...because);
    expect(await saidOf(paid.orderId)).toEqual(['an order failed, and the PSP holds its charge']);

    const { code, out } = await oncepay('verify');
    expect(code).toBe(1);
    expect(out).toContain('closed as not charged by ann');
    expect(out).toContain('refund it at the PSP, and tell the merchant');
  });

  test('in agreement with the PSP’s record is no violation, though the PSP answered for another order', async () => {
    const { instructionId, orderId } = await inReview('sim_wrong_reference');
    await asCharged(instructionId, await chargeOf(orderId));
    expect(await saidOf(orderId)).toEqual([]);
  });
});

describe('without a terminal', () => {
  const operations = async () => (await oncepay('audit', 'list', '--people', '--json')).json;

  test('an operation that can’t be undone is refused without --yes, and nothing is written', async () => {
    const { instructionId, paymentId } = await inReview();
    const key = await oncepay('keys', 'create', '--merchant', 'mer_piped', '--why', 'a test', '--json');
    const before = await operations();
    for (const command of [
      ['quarantine', 'close', instructionId, '--not-charged'],
      ['quarantine', 'close', 'sha256:0'],
      ['keys', 'revoke', key.json.api_key_id],
      ['restore', 'look-up-first'],
    ]) {
      const said = await launched(...command, '--why', 'a script');
      expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--yes') });
    }
    expect(await operations()).toEqual(before);
    expect((await api.get(`/payments/${paymentId}`)).body.payment_orders[0].status_detail).toBe(
      'manual_review',
    );
    const { json } = await oncepay('keys', 'list', '--merchant', 'mer_piped', '--json');
    expect(json).toMatchObject([{ api_key_id: key.json.api_key_id, state: 'valid' }]);
  });
});

describe('pause and resume', () => {
  test('hold back a PSP’s payments, then send them', async () => {
    expect((await oncepay('pause', 'psp', 'simulator_2', '--why', 'maintenance')).code).toBe(0);
    const { body } = await api.pay({ paymentMethod: 'sim2_ok' });
    const free = await api.pay();
    expect((await api.settled(free.body.id)).status).toBe('SUCCESS');
    await expect
      .poll(async () => (await oncepay('circuits', '--json')).json.pauses, { timeout: 10_000 })
      .toEqual([expect.objectContaining({ pause_id: 'psp:simulator_2', parked: 1, reason: 'maintenance' })]);
    expect((await oncepay('resume', 'psp', 'simulator_2', '--why', 'done')).code).toBe(0);
    await runNow('relay-instructions');
    expect((await api.settled(body.id)).status).toBe('SUCCESS');
  });

  test('name their valid arguments', async () => {
    expect(await oncepay('pause', 'everything', '--why', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('psp <name>, merchant <id> or all'),
    });
  });

  test.each([
    [['pause', 'psp', 'nosuch'], 'There is no PSP nosuch; known are simulator, simulator_2'],
    [['pause', 'merchant', 'mer_nosuch'], 'There is no merchant mer_nosuch'],
    [['caps', 'set', 'EUR', '500', '--merchant', 'mer_nosuch'], 'There is no merchant mer_nosuch'],
  ])('%s is refused: it does not exist', async (command, message) => {
    const said = await oncepay(...command, '--why', 'a test');
    expect(said).toMatchObject({ code: 1, err: expect.stringContaining(message) });
  });
});

describe('dead letters', () => {
  test('are listed by reason, and redriven by hand after a dry run', async () => {
    const deadLetters = async (): Promise<{ dead_letter_id: string; state: string }[]> =>
      (await oncepay('dead-letters', 'list', '--all', '--reason', 'UNPARSEABLE', '--json')).json;
    const others = new Set((await deadLetters()).map(({ dead_letter_id }) => dead_letter_id));
    await sendPoison();
    const mine = async () =>
      (await deadLetters())
        .filter(({ dead_letter_id }) => !others.has(dead_letter_id))
        .map(({ state }) => state);
    await expect.poll(mine, { timeout: 10_000 }).toHaveLength(1);
    const planned = await oncepay('dead-letters', 'redrive', '--dry-run', '--json');
    expect(['planned', 'empty']).toContain(planned.json.kind);
    expect((await oncepay('dead-letters', 'redrive', '--why', 'a test')).code).toBe(0);
    await expect.poll(mine, { timeout: 30_000 }).toEqual(['quarantined']);
  });

  test('are not redriven without a reason, which the operation log keeps', async () => {
    const byPeople = async (): Promise<readonly { actor: string; reason: string }[]> => {
      const { json } = await oncepay('audit', 'list', '--action', 'redriven', '--json');
      // The alarm's function redrives as well, whenever a dead letter is there.
      return json.filter(({ origin }: { origin: string }) => origin !== 'pipeline');
    };
    const before = await byPeople();
    for (const command of [[], ['--why', ' ']]) {
      const said = await oncepay('dead-letters', 'redrive', ...command);
      expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--why') });
    }
    expect(await byPeople()).toEqual(before);
    const why = `mended, ticket ${randomUUID()}`;
    const onRecord = async () => {
      // A fresh one each time: the alarm's function may have been faster with the one before.
      await sendPoison();
      await oncepay('dead-letters', 'redrive', '--by', 'ann', '--why', why);
      return (await byPeople()).find(({ reason }) => reason === why);
    };
    await expect
      .poll(onRecord, { timeout: 30_000, interval: 250 })
      .toMatchObject({ actor: 'ann', reason: why, origin: hostname() });
  });

  test('that don’t exist end with 1, a bad option with 2, an unreachable pipeline with 3', async () => {
    expect((await oncepay('dead-letters', 'show', 'ins_nothing')).code).toBe(1);
    expect((await oncepay('dead-letters', 'redrive', '--rate', 'fast')).code).toBe(2);
    expect((await oncepay('--data', '/nowhere', 'dead-letters', 'list')).code).toBe(3);
  });
});

describe('payments and ledger', () => {
  test('are shown for all merchants, with every attempt', async () => {
    const { body } = await api.pay();
    await api.settled(body.id);
    const { json: list } = await oncepay('payments', 'list', '--status', 'SUCCESS', '--json');
    expect(list).toContainEqual(expect.objectContaining({ payment_id: body.id }));
    const { out } = await oncepay('payments', 'show', body.payment_orders[0].id);
    expect(out).toContain(body.id);
    expect(out).toMatch(/send\s+│ succeeded[\s\S]*charge\s+│ 15,000 KRW/);
    const ledger = await oncepay('ledger');
    expect(ledger).toMatchObject({ code: 0, out: expect.stringContaining('KRW') });
  });
});

describe('keys', () => {
  const because = ['--by', 'ann', '--why', 'a test'];
  const listed = async () => (await oncepay('keys', 'list', '--merchant', 'mer_keys', '--json')).json;
  const payWith = async (key: string) => (await new ApiClient(api.endpoints, key).pay()).status;

  test('are created, rotated with two valid at once, shown with their last use, and revoked', async () => {
    const first = await oncepay('keys', 'create', '--merchant', 'mer_keys', '--name', 'A shop', ...because);
    expect(first).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^opk_test_[0-9a-f]{16}_[0-9a-f]{72}\n$/),
    });
    expect(await payWith(first.out.trim())).toBe(202);
    const second = await oncepay('keys', 'rotate', '--merchant', 'mer_keys', ...because, '--json');
    expect(await payWith(second.json.api_key)).toBe(202);
    expect(await payWith(first.out.trim())).toBe(202);
    expect(await listed()).toMatchObject([
      { api_key_id: second.json.api_key_id, state: 'valid', last_used_at: expect.any(String) },
      { state: 'valid', last_used_at: expect.any(String) },
    ]);
    const [old] = second.json.valid_beside_it;

    const third = await oncepay('keys', 'rotate', '--merchant', 'mer_keys', ...because);

    expect(third).toMatchObject({ code: 4, out: '', err: expect.stringContaining('Revoke the one') });
    expect(third.err).toContain(old);
    const revoked = await oncepay('keys', 'revoke', old, '--yes', ...because);
    expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining('for 60 seconds') });
    expect(await listed()).toMatchObject([{ api_key_id: second.json.api_key_id }]);
    expect((await oncepay('keys', 'revoke', old, '--yes', ...because)).code).toBe(1);
  });

  test('without a merchant or a reason are not created', async () => {
    expect((await oncepay('keys', 'rotate', '--merchant', 'mer_none', ...because)).code).toBe(1);
    expect((await oncepay('keys', 'create', '--merchant', 'mer_keys')).code).toBe(2);
    expect((await oncepay('keys', 'create', '--merchant', 'a b', ...because)).code).toBe(2);
  });

  test('are logged with operator, origin and reason', async () => {
    await oncepay('merchants', 'create', 'mer_audited', '--name', 'Audited', '--by', 'eve', '--why', 'new');
    const { json } = await oncepay('audit', 'list', '--by', 'eve', '--json');
    expect(json).toEqual([
      expect.objectContaining({
        action: 'merchant_created',
        subject_id: 'merchant:mer_audited',
        origin: hostname(),
        reason: 'new',
      }),
    ]);
    expect((await oncepay('audit', 'list', '--people')).out).toContain('merchant created');
    expect((await oncepay('audit', 'list', '--action', 'nonsense')).code).toBe(2);
    expect((await oncepay('merchants', 'list')).out).toContain('Audited');
  });
});

describe('caps', () => {
  test('are set, apply from the next payment on, and are cleared', async () => {
    const because = ['--why', 'a test'];
    const orders = [{ amount: 501, currency: 'EUR', seller_id: 'seller-1' }];
    expect(await oncepay('caps', 'set', 'EUR', '500', ...because)).toMatchObject({
      code: 0,
      out: expect.stringContaining('5.00 EUR; no cap was set before'),
    });
    expect((await api.pay({ orders })).body).toMatchObject({ status: 422, code: 'amount_cap_exceeded' });
    expect((await oncepay('caps', 'list', '--json')).json).toMatchObject([
      { currency: 'EUR', max_amount_minor: '500' },
    ]);
    expect((await oncepay('caps', 'clear', 'EUR', ...because)).code).toBe(0);
    expect((await api.pay({ orders })).status).toBe(202);
    expect((await oncepay('caps', 'clear', 'EUR', ...because)).code).toBe(1);
    expect((await oncepay('caps', 'set', 'EUR', '1.5', ...because)).code).toBe(2);
    expect((await oncepay('caps', 'set', 'Euro', '1', ...because)).code).toBe(2);
  });
});

describe('retention', () => {
  test('shows the retention times, and when the hourly purge ran', async () => {
    // A stage that sleeps isn't woken for it.
    await api.pay();
    await runNow('purge-expired');
    const { json } = await oncepay('retention', '--json');
    expect(json.kinds).toContainEqual({ what: 'idempotency_keys', kept_days: 31, due: 0 });
    // What is accepted by the clock of this machine is old by this runtime's, which runs ten times as fast.
    const removed = { buyer_data: expect.any(Number) };
    expect(json.last_run).toMatchObject({ at: expect.any(String), removed });
  });
});

describe('smoke', () => {
  test('makes one payment, reports each check with its time, and leaves no key behind', async () => {
    const { code, json } = await oncepay('smoke', '--json');
    expect(json.checks.filter(({ outcome }: { outcome: string }) => outcome !== 'ok')).toEqual([]);
    expect(code).toBe(0);
    expect(json.checks.map(({ check }: { check: string }) => check)).toEqual([
      ...[
        'health',
        'database',
        'queues',
        'consumed messages',
        'circuits',
        'relay',
        'purge',
        'key',
        'authorize',
      ],
      ...['refuse', 'accept', 'replay', 'queue, execute, PSP', 'ledger', 'read'],
      ...['· in the queue', '· at the PSP', '· to record', 'clean up'],
    ]);
    expect((await oncepay('keys', 'list', '--merchant', 'mer_smoke', '--json')).json).toEqual([]);
  });

  test('reports the failed check, skips those that depend on it, and ends with 1', async () => {
    await oncepay('pause', 'all', '--why', 'a test');
    const { code, json } = await oncepay('smoke', '--json', '--timeout', '2s');
    await oncepay('resume', 'all', '--why', 'a test');
    expect(code).toBe(1);
    const outcomes = Object.fromEntries(
      json.checks.map(({ check, outcome }: { check: string; outcome: string }) => [check, outcome]),
    );
    expect(outcomes).toMatchObject({ accept: 'ok', 'queue, execute, PSP': 'failed', ledger: 'skipped' });
    expect(outcomes['clean up']).toBe('ok');
  });
});
