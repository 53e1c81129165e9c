import { createHash, randomUUID } from 'node:crypto';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { LocalRuntime } from '../support/runtime.ts';

/** Ten times as fast as life: an outage of two minutes lasts twelve seconds. */
const runtime = new LocalRuntime(['test/support/fast-runtime.ts']);
let api: ApiClient;
let sqs: SQSClient;
let database: pg.Client;

beforeAll(async () => {
  const endpoints = await runtime.start();
  api = new ApiClient(endpoints);
  sqs = new SQSClient({
    endpoint: endpoints.sqs,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  database = new pg.Client(endpoints.postgres);
  await database.connect();
});
afterAll(async () => {
  await database.end();
  sqs.destroy();
  await runtime.dispose();
});

async function control(change: object): Promise<void> {
  const { psp } = api.endpoints;
  const response = await fetch(`${psp}/control`, { method: 'POST', body: JSON.stringify(change) });
  expect(response.status).toBe(200);
}

async function sendsOf(psp: string): Promise<number> {
  const response = await fetch(`${api.endpoints.psp}/stats?psp=${psp}`);
  const stats = JSON.parse(await response.text());
  return stats.sends;
}

async function payMany(count: number, paymentMethod: string): Promise<readonly string[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => api.pay({ paymentMethod })));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  return answers.map(({ body }) => body.id);
}

async function statusesOf(ids: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { rows } = await database.query<{ status: string; n: number }>(
    'select status, count(*)::int as n from payment where payment_id = any($1) group by status',
    [ids],
  );
  return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
}

async function deadLetters(state: string): Promise<readonly { id: string; reason: string }[]> {
  const { rows } = await database.query<{ id: string; reason: string }>(
    'select dead_letter_id as id, reason from dead_letter_now where state = $1',
    [state],
  );
  return rows;
}

const settled = (ids: readonly string[], timeout: number) =>
  expect.poll(() => statusesOf(ids), { timeout, interval: 250 }).toEqual({ SUCCESS: ids.length });

/** The next scheduled run of a function, or of all, now. */
async function runSchedule(functionName: string): Promise<void> {
  const body = JSON.stringify({ run_schedule: functionName });
  const response = await fetch(`${api.endpoints.runtime}/control`, { method: 'POST', body });
  expect(await response.json()).toEqual({ done: true });
}

test('every schedule runs before anything has happened', async () => {
  await runSchedule('all');
});

describe('a PSP that is down for two minutes', () => {
  test('costs no dead letter and few calls, delays no other PSP, and all its payments become terminal', async () => {
    const sendsBefore = await sendsOf('simulator');
    await control({ down_for_seconds: 120 });
    const down = await payMany(30, 'sim_ok');
    const other = await payMany(10, 'sim2_ok');
    await settled(other, 30_000);
    expect(await statusesOf(down)).not.toHaveProperty('SUCCESS');

    await settled(down, 60_000);

    expect(await deadLetters('waiting')).toEqual([]);
    const { rows } = await database.query<{ n: number }>(
      `select count(*)::int as n from evidence e join payment_order using (payment_order_id)
       where e.outcome = 'not_sent' and payment_id = any($1)`,
      [down],
    );
    // The batch or two that tripped the circuit, and three probes each time that it was half-open.
    expect(rows[0]?.n).toBeLessThan(30 + 3 * 10);
    expect((await sendsOf('simulator')) - sendsBefore).toBe(30);
  });
});

describe('a dead letter of a PSP that is paused', () => {
  test('is put back into its queue by a redrive, and succeeds once the pause is over', async () => {
    await database.query(
      `insert into processing_pause (pause_id, paused_at, paused_by, reason) values ('psp:simulator_2', clock(), 'test', 'test')`,
    );
    const [id] = await payMany(1, 'sim2_ok');
    const parked = () =>
      database.query(
        `select instruction_id, group_id from instruction
         where payment_id = $1 and waits_for = 'pause:psp:simulator_2'`,
        [id],
      );
    await expect.poll(async () => (await parked()).rows, { timeout: 20_000 }).toHaveLength(1);
    const { rows } = await parked();
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: api.endpoints.deadLetterQueueUrl,
        MessageBody: JSON.stringify({ version: 1, ...rows[0], operation: 'charge' }),
        MessageGroupId: randomUUID(),
        MessageDeduplicationId: randomUUID(),
      }),
    );

    await runSchedule('redrive-dead-letters');

    expect(await deadLetters('waiting')).toMatchObject([{ id: rows[0].instruction_id }]);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: api.endpoints.deadLetterQueueUrl,
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    expect(Attributes).toEqual({ ApproximateNumberOfMessages: '1' });
    await database.query(`delete from processing_pause where pause_id = 'psp:simulator_2'`);
    await runSchedule('redrive-dead-letters');
    await settled([id ?? ''], 60_000);
  });
});

describe('a PSP that refuses our key for two minutes', () => {
  test('makes dead letters with the reason, which are redriven once it accepts the key', async () => {
    // Behind an open circuit nothing would die.
    await settled(await payMany(1, 'sim_ok'), 90_000);
    await control({ reject_key_for_seconds: 120 });
    const refused = await payMany(12, 'sim_ok');
    await expect
      .poll(() => deadLetters('waiting'), { timeout: 20_000 })
      .toEqual(
        expect.arrayContaining([expect.objectContaining({ reason: expect.stringContaining('refuses us') })]),
      );

    await settled(refused, 90_000);

    expect(await deadLetters('waiting')).toEqual([]);
    for (const id of refused) {
      const { payment_orders: orders } = (await api.get(`/payments/${id}`)).body;
      expect(await api.charges(orders[0].id)).toBe(1);
    }
  });
});

describe('poison', () => {
  const KINDS: readonly ((n: number) => string)[] = [
    (n) => `not json ${n}`,
    (n) => `{"version":99,"n":${n}}`,
    (n) => `[${n}]`,
    (n) => `${n}`,
    (n) => `"text ${n}"`,
    (n) => `{"version":1,"n":${n}}`,
    (n) => `{"version":1,"instruction_id":${n},"group_id":"x","operation":"charge"}`,
    (n) => message(n, { operation: 'steal' }),
    (n) => message(n, {}),
    (n) => message(n, { extra: 'field' }),
  ];

  function message(n: number, change: object): string {
    const hex = createHash('md5').update(String(n)).digest('hex');
    return JSON.stringify({
      version: 1,
      instruction_id: `ins_${hex}`,
      group_id: `ord_${hex}`,
      operation: 'charge',
      ...change,
    });
  }

  test('of ten kinds ends in quarantine and does not affect good payments', async () => {
    const bodies = KINDS.flatMap((kind) => [1, 2, 3].map((n) => kind(n)));
    const [good] = await Promise.all([
      payMany(30, 'sim_ok'),
      ...bodies.map((MessageBody) =>
        sqs.send(
          new SendMessageCommand({
            QueueUrl: api.endpoints.queueUrl,
            MessageBody,
            MessageGroupId: randomUUID(),
            MessageDeduplicationId: randomUUID(),
          }),
        ),
      ),
    ]);
    await settled(good, 30_000);

    const ids = new Set(bodies.map((body) => `sha256:${createHash('sha256').update(body).digest('hex')}`));
    await expect
      .poll(async () => (await deadLetters('quarantined')).filter(({ id }) => ids.has(id)).length, {
        timeout: 60_000,
        interval: 250,
      })
      .toBe(30);
    const reasons = (await deadLetters('quarantined'))
      .filter(({ id }) => ids.has(id))
      .map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason.startsWith('unparseable'))).toHaveLength(3);
    expect(reasons.filter((reason) => reason.startsWith('unknown version 99'))).toHaveLength(3);
    expect(reasons.filter((reason) => reason.startsWith('no such instruction'))).toHaveLength(3);
    expect(reasons.filter((reason) => reason.startsWith('unreadable'))).toHaveLength(21);
    for (const QueueUrl of [api.endpoints.queueUrl, api.endpoints.deadLetterQueueUrl]) {
      const left = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      expect(left.Messages ?? []).toEqual([]);
    }
  });
});
