import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { DynamoDbRecordView } from '../../../adapters/dynamodb/simulator/dynamodb-record-view.ts';
import { DynamoDbSwitches } from '../../../adapters/dynamodb/simulator/dynamodb-switches.ts';
import type { SimulatorTable } from '../../../adapters/dynamodb/simulator/simulator-table.ts';
import type { Reply } from '../../../simulator/reply.ts';
import { SimulatedPsp } from '../../../simulator/simulated-psp.ts';
import { changedSwitches, INITIAL_SWITCHES } from '../../../simulator/switches.ts';
import { createSimulatorTable } from '../../support/simulator-table.ts';
import { recordOn } from '../../support/table-simulator.ts';

const AT = Date.parse('2026-01-01T00:00:00Z');
const WELL = { now: AT, switches: INITIAL_SWITCHES };
const CALL = { authorization: 'Bearer key', idempotencyKey: 'ins_1' };
const BODY = JSON.stringify({
  reference: 'ord_1',
  amount: 15000,
  currency: 'KRW',
  payment_method: 'sim_ok',
});
const INVALIDATION = JSON.stringify({ reference: 'ord_1', idempotency_key: 'ins_1' });

let client: DynamoDBClient;
let table: SimulatorTable;
beforeEach(async () => {
  ({ client, table } = await createSimulatorTable());
});

/** One environment of the function, which knows of the others what the table says. */
const environment = () =>
  new SimulatedPsp({
    record: recordOn(table, 'simulator'),
    apiKey: () => 'key',
    random: () => 0.9,
    pageUrl: (id) => `https://psp.example/pay/${id}`,
  });
const statusOf = (reply: Reply) => (reply.kind === 'answer' ? reply.status : undefined);
const ofReference = { reference: 'ord_1', status: undefined };
const chargesOnRecord = () => new DynamoDbRecordView(table, 'simulator').countCharges(ofReference);
const found = z.object({ charges: z.array(z.object({ id: z.string() })) });

async function lookUp(query: Record<string, string>): Promise<readonly string[]> {
  const now = AT + INITIAL_SWITCHES.settings.visible_after_ms;
  const reply = await environment().lookUp(CALL, new URLSearchParams(query), { ...WELL, now });
  return found.parse(JSON.parse(reply.kind === 'answer' ? reply.body : '')).charges.map(({ id }) => id);
}

describe('the record in a table', () => {
  it('charges once for fifty sends of one key at once, whatever they ask for', async () => {
    const other = JSON.stringify({ ...JSON.parse(BODY), amount: 16000 });
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        environment().charge(CALL, index % 2 === 0 ? BODY : other, WELL),
      ),
    );
    expect(await chargesOnRecord()).toBe(1);
    expect(replies.map(statusOf).toSorted()).toEqual([...Array(25).fill(201), ...Array(25).fill(409)]);
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(2);
  });

  it('either charges or invalidates one key, whatever forty calls at once ask for', async () => {
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        index % 2 === 0
          ? environment().charge(CALL, BODY, WELL)
          : environment().invalidate(CALL, INVALIDATION, WELL),
      ),
    );
    const statuses = [...new Set(replies.map(statusOf))].toSorted();
    expect(statuses).toEqual((await chargesOnRecord()) === 1 ? [201, 409] : [200, 402]);
  });

  it('charges for each of ten sends of one key at once, where keys mean nothing', async () => {
    const switches = changedSwitches(INITIAL_SWITCHES, { deduplicate: false }, AT);
    const ids = await Promise.all(
      Array.from({ length: 10 }, () => environment().charge(CALL, BODY, { ...WELL, switches })),
    );
    expect(new Set(ids.map((reply) => JSON.stringify(reply))).size).toBe(10);
    expect(await chargesOnRecord()).toBe(10);
  });

  it('lets a faulty token fail as often as it says, for twelve sends at once', async () => {
    const body = JSON.stringify({ ...JSON.parse(BODY), payment_method: 'sim_flaky_7' });
    const replies = await Promise.all(
      Array.from({ length: 12 }, () => environment().charge(CALL, body, WELL)),
    );
    expect(replies.map(statusOf).toSorted()).toEqual([...Array(5).fill(201), ...Array(7).fill(503)]);
    expect(await chargesOnRecord()).toBe(1);
  });

  it('charges once where the answer to its write is lost and the client writes again', async () => {
    const switches = changedSwitches(INITIAL_SWITCHES, { deduplicate: false }, AT);
    client.middlewareStack.add((next) => async (given) => next(given).then(() => next(given)), {
      step: 'finalizeRequest',
      priority: 'low',
      name: 'repeating',
    });
    const reply = await environment().charge(CALL, BODY, { ...WELL, switches });
    client.middlewareStack.remove('repeating');
    expect(statusOf(reply)).toBe(201);
    expect(await chargesOnRecord()).toBe(1);
  });

  it('finds every charge by its reference, wherever the function crashed', async () => {
    for (let requests = 0; requests < 6; requests += 1) {
      const reference = `ord_${requests}`;
      const call = { ...CALL, idempotencyKey: `ins_${requests}` };
      const body = JSON.stringify({ ...JSON.parse(BODY), reference });
      await dyingAfter(requests, () => environment().charge(call, body, WELL));
      const underKey = await lookUp({ idempotency_key: call.idempotencyKey });
      expect(await lookUp({ reference })).toEqual(underKey);
      await environment().charge(call, body, WELL);
      expect(await lookUp({ reference })).toHaveLength(1);
    }
  });

  it('finds the charges of all keys of a reference, oldest first', async () => {
    const ids = [];
    for (const [index, idempotencyKey] of ['z', 'a', 'm'].entries()) {
      const moment = { ...WELL, now: AT - 1000 + index };
      const reply = await environment().charge({ ...CALL, idempotencyKey }, BODY, moment);
      ids.push(JSON.parse(reply.kind === 'answer' ? reply.body : '').id);
    }
    expect(await lookUp({ reference: 'ord_1' })).toEqual(ids);
  });
});

describe('the switches in a table', () => {
  it('keep every change of those that are made at once', async () => {
    const board = () => new DynamoDbSwitches(table, 'simulator');
    const change = (to: object) => board().change((before) => changedSwitches(before, to, AT));
    await Promise.all([change({ latency_ms: 5 }), change({ invalidate: false }), change({ look_up: false })]);
    expect((await board().read()).settings).toMatchObject({
      latency_ms: 5,
      invalidate: false,
      look_up: false,
    });
  });

  it('have their initial values if the stored ones are not readable', async () => {
    await table.put({ pk: 'switches', sk: 'simulator', content: { settings: 'of another version' } });
    expect(await new DynamoDbSwitches(table, 'simulator').read()).toEqual(INITIAL_SWITCHES);
  });
});

/** Lets so many requests through, and no other. */
async function dyingAfter(requests: number, work: () => Promise<unknown>): Promise<void> {
  let left = requests;
  client.middlewareStack.add(
    (next) => async (given) => {
      if (left === 0) throw new Error('the function is dead');
      left -= 1;
      return next(given);
    },
    { step: 'initialize', name: 'dying' },
  );
  await work().catch(() => {});
  client.middlewareStack.remove('dying');
}
