/**
 * Every alarm of the templates begins and ends here, by its real cause where this machine has that cause. An alarm that
 * the templates hold and nothing here sets off fails the last test.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Runbook } from '../../lib/runbooks.ts';
import type { AlarmStatus } from '../../local/alarms/alarms.ts';
import { signatureOf } from '../../simulator/webhook-signature.ts';
import { ApiClient } from '../support/api-client.ts';
import { ROOT } from '../support/runtime.ts';
import { SteppedRuntime } from '../support/stepped-runtime.ts';

/** It never sleeps, and has a firewall: no stage has more alarms. */
const STAGE = 'staging';
const AWS = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
/** A dead letter rests for up to twenty minutes; an alarm looks back for up to three periods of five. */
const LONGEST_RECOVERY_MINUTES = 40;
/** The purge's alarm needs three without a run, and looks back for two more before it takes data for missing. */
const HOURS_UNTIL_STOPPED = 6;
/** For what takes real time. */
const WAIT_LIMIT = { timeout: 20_000 };

let runtime: SteppedRuntime;
let api: ApiClient;
let sqs: SQSClient;
let secrets: SecretsManagerClient;

beforeAll(async () => {
  runtime = await SteppedRuntime.start(STAGE);
  api = new ApiClient(runtime.endpoints);
  sqs = new SQSClient({ ...AWS, endpoint: runtime.endpoints.sqs });
  secrets = new SecretsManagerClient({ ...AWS, endpoint: runtime.endpoints.secretsManager });
  // No other test starts this stage: it is synthesized here.
}, 120_000);
afterAll(async () => {
  sqs.destroy();
  secrets.destroy();
  await runtime.dispose();
});

/** Each minute's datapoint of what is not on this machine. */
let capacityPercent = 20;

async function minute(): Promise<void> {
  // Aurora's capacity: PostgreSQL here has what the machine has.
  await put('database-at-capacity', capacityPercent);
  await runtime.minute();
}

const nameOf = (runbook: Runbook) => `Oncepay-${STAGE}-${runbook}`;

async function alarmNamed(wanted: string): Promise<AlarmStatus> {
  const alarm = (await runtime.alarms()).find(({ name }) => name === wanted);
  if (alarm === undefined) throw new Error(`the templates hold no alarm ${wanted}`);
  return alarm;
}

/** A datapoint of now, of what the alarm watches. */
async function put(runbook: Runbook, value: number): Promise<void> {
  const { metric } = await alarmNamed(nameOf(runbook));
  await runtime.putMetric(metric, value);
}

/** Minute by minute, until the alarm is in this state. */
async function until(alarmName: string, wanted: 'ALARM' | 'OK', minutes: number): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 1) {
    if ((await alarmNamed(alarmName)).state === wanted) return;
    await minute();
  }
  const { state, reason } = await alarmNamed(alarmName);
  expect(state, `${alarmName}: ${reason}`).toBe(wanted);
}

async function begin(minutes: number, ...runbooks: readonly Runbook[]): Promise<void> {
  for (const runbook of runbooks) await until(nameOf(runbook), 'ALARM', minutes);
}

async function end(...runbooks: readonly Runbook[]): Promise<void> {
  for (const runbook of runbooks) await until(nameOf(runbook), 'OK', LONGEST_RECOVERY_MINUTES);
}

/** @returns the order's id */
async function pay(paymentMethod: string, reference: string = randomUUID()): Promise<string> {
  const { status, body } = await api.pay({ paymentMethod, reference });
  expect(status).toBe(202);
  return body.payment_orders[0].id;
}

async function readOrder(column: 'status_detail' | 'status', orderId: string): Promise<string | undefined> {
  const { rows } = await runtime.database.query(
    `select ${column} as value from payment_order where payment_order_id = $1`,
    [orderId],
  );
  return rows[0]?.value;
}

const execute = promisify(execFile);

/** As an operator does, in another process. */
async function oncepay(...args: readonly string[]): Promise<void> {
  const all = ['cli/oncepay.ts', '--data', runtime.directory, ...args, '--why', 'a test'];
  await execute(process.execPath, all, { cwd: ROOT });
}

test('a PSP that refuses us, books that differ, an order for a person', async () => {
  const inReview = await pay('sim2_wrong_amount');
  await expect.poll(() => readOrder('status_detail', inReview), WAIT_LIMIT).toBe('manual_review');
  await runtime.controlPsp({ reject_key_for_seconds: 24 * 3600 });
  await pay('sim_ok');
  await runtime.database.query(`
    insert into account_balance (merchant_id, account_kind, account_owner, currency, shard, posted_debits)
    values ('mer_first', 'made_up', 'nobody', 'KRW', 0, 7)`);
  await begin(3, 'trial-balance-broken', 'quarantine-waits', 'dead-letters-wait');
  await begin(8, 'circuit-open');

  await runtime.controlPsp({ reset: true });
  await runtime.database.query(`delete from account_balance where account_kind = 'made_up'`);
  const { rows } = await runtime.database.query(
    `select instruction_id from instruction where payment_order_id = $1`,
    [inReview],
  );
  await oncepay('quarantine', 'close', rows[0].instruction_id, '--not-charged', '--yes');
  await end('trial-balance-broken', 'quarantine-waits', 'circuit-open', 'relay-stopped', 'dead-letters-wait');
});

test('a changed schema, and an executor that receives nothing', async () => {
  await pay('sim_ok');
  await runtime.control({ pause_polling: true });
  await pay('sim_ok');
  // Something for the redrive to look at.
  const body = JSON.stringify({ version: 99 });
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: runtime.endpoints.deadLetterQueueUrl,
      MessageBody: body,
      MessageGroupId: 'somebody',
      MessageDeduplicationId: randomUUID(),
    }),
  );
  await rename('table processing_pause', 'processing_pause_away');
  await rename('table idempotency_key', 'idempotency_key_away');
  await rename('table movement_sweep', 'movement_sweep_away');
  await rename('function credentials.set_other_password(text)', 'set_other_password_away');
  capacityPercent = 95;
  for (let passed = 0; passed < 2; passed += 1) {
    const refused = await Promise.all(Array.from({ length: 6 }, () => api.pay()));
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([500]));
    await minute();
  }
  await runtime.runSchedule('redrive-dead-letters');
  await runtime.runSchedule('purge-expired');
  await runtime.runSchedule('sweep-movements');
  await rotate();
  await expect.poll(() => runtime.failedInvocations('rotate-database-secret'), WAIT_LIMIT).toBe(1);
  await begin(1, 'api-errors', 'database-failing');
  await begin(8, 'redrive-failing', 'purge-failing', 'rotation-failing');
  await begin(8, 'relay-stopped', 'pipeline-unmeasured', 'payments-wait-in-queue', 'scheduled-runs-failing');
  await begin(10, 'database-at-capacity');

  await rename('table processing_pause_away', 'processing_pause');
  await rename('table idempotency_key_away', 'idempotency_key');
  await rename('table movement_sweep_away', 'movement_sweep');
  await rename('function credentials.set_other_password_away(text)', 'set_other_password');
  capacityPercent = 20;
  await runtime.control({ pause_polling: false });
  await takeBack(body);
  await runtime.runSchedule('purge-expired');
  await rotate();
  await end('api-errors', 'database-failing', 'redrive-failing', 'purge-failing', 'rotation-failing');
  await end('relay-stopped', 'pipeline-unmeasured', 'payments-wait-in-queue', 'scheduled-runs-failing');
  await end('database-at-capacity');
});

async function rename(what: string, to: string): Promise<void> {
  await runtime.database.query(`alter ${what} rename to ${to}`);
}

async function rotate(): Promise<void> {
  const [secret] = Object.values(runtime.endpoints.loginSecretArns);
  await secrets.send(new RotateSecretCommand({ SecretId: secret }));
}

/** Out of the dead-letter queue, as if it had never been there. */
async function takeBack(body: string): Promise<void> {
  const QueueUrl = runtime.endpoints.deadLetterQueueUrl;
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 30 }),
  );
  for (const { ReceiptHandle } of Messages.filter((message) => message.Body === body))
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
}

test('a slow API, and one that refuses requests', async () => {
  // Three minutes, each with an answer that takes longer than the alarm's three seconds.
  for (let passed = 0; passed < 3; passed += 1) {
    await runtime.database.query('begin; lock table payment');
    const answer = pay('sim_ok');
    await expect.poll(waitingForALock, WAIT_LIMIT).toBe(1);
    await runtime.advance(3_400);
    await runtime.database.query('commit');
    await answer;
    await runtime.step();
  }
  await begin(1, 'api-slow');

  for (let hundred = 0; hundred < 8; hundred += 1) {
    // Without a key: the gateway itself refuses them.
    const refused = await Promise.all(
      Array.from({ length: 100 }, () => fetch(`${api.endpoints.api}/payments`)),
    );
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([401]));
  }
  await begin(5, 'api-refusals');
  await pay('sim_ok');
  await end('api-slow', 'api-refusals');
});

async function waitingForALock(): Promise<number> {
  const { rows } = await runtime.database.query(
    `select count(*)::int as waiting from pg_stat_activity
     where wait_event_type = 'Lock' and usename like '%accept%'`,
  );
  return rows[0].waiting;
}

test('events that look like a PSP’s and are not, and events that don’t come', async () => {
  for (let passed = 0; passed < 3; passed += 1) {
    const { status } = await fetch(`${api.endpoints.api}/webhooks/simulator`, {
      method: 'POST',
      headers: { 'simulator-signature': signatureOf(['another secret'], '{}', Date.now()) },
      body: '{}',
    });
    expect(status).toBe(400);
    // Six hours without an event are too long for this test: by its datapoints.
    await put('events-stopped', 1);
    await minute();
  }
  await begin(2, 'events-failing', 'events-stopped');
  await end('events-failing', 'events-stopped');
});

test('executions that fail', async () => {
  for (let killed = 0; killed < 3; killed += 1) {
    await pay('sim_slow_5s');
    await expect
      .poll(() => runtime.control({ kill_function: 'execute-instructions' }), WAIT_LIMIT)
      .toBe(true);
  }
  await begin(2, 'executor-errors');
  await end('executor-errors');
});

test('a purge that never completes, and a list that can’t be read', async () => {
  // It fails in the last line of its run, and nothing else asks for this table.
  await rename('table job_run', 'job_run_away');
  await runtime.controlPsp({ reject_key_for_seconds: 24 * 3600 });
  await begin(HOURS_UNTIL_STOPPED * 60, 'purge-stopped', 'sweep-stopped');

  await rename('table job_run_away', 'job_run');
  await runtime.controlPsp({ reset: true });
  await runtime.runSchedule('purge-expired');
  await end('purge-stopped', 'purge-failing', 'sweep-stopped');
});

test.each<[Runbook, string, number]>([
  ['executor-throttled', 'an account’s concurrency is Lambda’s; here invocations wait their turn', 10],
  ['firewall-blocks', 'there is no firewall before the gateway here', 100],
  ['migrations-failing', 'a runtime whose migrations fail ends before it has alarms', 1],
])('%s, by a datapoint: %s', async (runbook, _reason, value) => {
  await put(runbook, value);
  await begin(5, runbook);
  await end(runbook);
});

test('money that a PSP lists and we don’t know, and money that belongs to no seller', async () => {
  const charge = { amount: 700, currency: 'EUR' };
  const made = await fetch(`${runtime.endpoints.psp}/charges`, {
    method: 'POST',
    body: JSON.stringify(charge),
  });
  expect(made.status).toBe(201);
  await runtime.database.query(`
    insert into account_balance (merchant_id, account_kind, account_owner, currency, shard, posted_debits, posted_credits)
    values ('mer_first', 'psp_receivable', 'simulator', 'XAF', 0, 5, 0),
           ('mer_first', 'unallocated_seller_funds', 'platform', 'XAF', 0, 0, 5)`);
  await minute();
  await runtime.runSchedule('sweep-movements');
  await begin(3, 'movements-differ', 'unallocated-funds');

  await runtime.database.query(`delete from account_balance where currency = 'XAF'`);
  await closeDiscrepancies();
  await end('movements-differ', 'unallocated-funds');
});

/** Those of this test, and of what other tests have ended otherwise than the PSP did. */
async function closeDiscrepancies(): Promise<void> {
  const { rows } = await runtime.database.query(
    'select discrepancy_id from movement_discrepancy where resolved_at is null',
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { discrepancy_id } of rows) await oncepay('movements', 'close', discrepancy_id);
}

test('an outcome that stays unknown, and its stuck payment', async () => {
  const unknown = await pay('sim2_500_charged');
  await expect.poll(() => readOrder('status_detail', unknown), WAIT_LIMIT).toBe('outcome_unknown');
  await runtime.controlPsp({ psp: 'simulator_2', down_for_seconds: 24 * 3600 });
  // It stays unknown for as long as nobody may look it up.
  await oncepay('pause', 'psp', 'simulator_2');
  await runtime.controlPsp({ psp: 'simulator_2', reset: true });
  // Fifteen minutes, the minute in which it is measured, and the one in which the alarm looks; one more where a run is late.
  await begin(18, 'money-in-unknown');
  await begin(31, 'payments-stuck');

  await oncepay('resume', 'psp', 'simulator_2');
  await end('money-in-unknown', 'payments-stuck');
  expect(await readOrder('status', unknown)).toBe('SUCCESS');
});

test('every alarm of the templates has begun and ended, and notified both times', async () => {
  const names = (await runtime.alarms()).map(({ name }) => name);
  // What a test has left behind is worked off.
  for (const name of names) await until(name, 'OK', LONGEST_RECOVERY_MINUTES);
  const told = new Map<string, string[]>();
  for (const { message } of await runtime.notifications()) {
    const { AlarmName, NewStateValue } = message as Record<string, string>;
    told.set(`${AlarmName}`, [...(told.get(`${AlarmName}`) ?? []), `${NewStateValue}`]);
  }
  expect(names.filter((name) => !/ALARM.*OK$/.test(`${told.get(name)}`))).toEqual([]);
});
