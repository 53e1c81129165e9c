import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { listEvents } from '../../../adapters/database/statements/list-events.ts';
import { MATCH_SQL } from '../../../adapters/database/statements/match-events.ts';
import { GAUGES_SQL } from '../../../adapters/database/statements/measure-pipeline.ts';
import { EVENT_STATES, receiveEvent } from '../../../adapters/database/statements/receive-event.ts';
import { returnBuyer } from '../../../adapters/database/statements/return-buyer.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { generateHistory } from '../../../bench/history/generate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type PlanMode, PlannedSession } from '../../support/rows-read.ts';

let testDatabase: TestDatabase;
let receiving: PlannedSession;
let relaying: PlannedSession;
let measuring: PlannedSession;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  receiving = await PlannedSession.open(testDatabase.url, 'receive');
  relaying = await PlannedSession.open(testDatabase.url, 'relay');
  measuring = await PlannedSession.open(testDatabase.url, 'measure');
  await generateHistory(testDatabase.url, { payments: 2_000, days: 300 });
  await insertEvents();
  await testDatabase.database.execute('analyze', {});
});
afterAll(async () => {
  for (const session of [receiving, relaying, measuring]) await session.close();
  await testDatabase.drop();
});

let inserted = 0;

async function insertEvents(): Promise<void> {
  await testDatabase.database.execute(
    `insert into psp_event (event_id, psp_account, psp_event_id, type, object_id, object_state, created_at, signed_at,
                            received_at, instruction_id, state, is_reordered, body_sha256, body_bytes, body)
     select 'pev_' || lpad(n::text, 6, '0'), 'simulator', 'evt_' || n, 'charge.succeeded', 'ch_' || n, 'succeeded', clock(),
            clock(), clock(), 'ins_' || n, 'matched', false, repeat('0', 64), 1, '\\x00'
     from generate_series((:input::jsonb ->> 'from')::int + 1, (:input::jsonb ->> 'from')::int + 5000) as n`,
    { from: inserted },
  );
  inserted += 5_000;
}

const modes: readonly PlanMode[] = ['force_custom_plan', 'force_generic_plan'];

async function rowsOf(
  session: PlannedSession,
  mode: PlanMode,
  run: (database: Database) => Promise<unknown>,
): Promise<number> {
  let rows = 0;
  await run({
    execute: async (sql, input) => {
      rows = await session.rowsRead(sql, Object(input), mode);
      return [];
    },
  });
  return rows;
}

async function anInstruction() {
  const [row] = await testDatabase.database.execute(
    'select instruction_id, payment_order_id from instruction order by instruction_id limit 1',
    {},
  );
  return { instructionId: String(row?.instruction_id), paymentOrderId: String(row?.payment_order_id) };
}

describe.each(modes)('planned with %s', (mode) => {
  test('an event is stored by reading the few rows that it names', async () => {
    const named = await anInstruction();
    for (const names of [named, { ...named, instructionId: undefined }]) {
      for (const pspEventId of ['evt_new', 'evt_17']) {
        const rows = await rowsOf(receiving, mode, (database) =>
          receiveEvent(database, {
            eventId: systemIds.next('pev'),
            pspAccount: 'simulator',
            pspEventId,
            type: 'charge.succeeded',
            objectId: 'ch_17',
            objectState: 'other',
            createdAt: new Date(0),
            signedAt: new Date(0),
            ...names,
            body: { sha256: '0'.repeat(64), bytes: 1, beginning: Buffer.from('x') },
          }),
        );
        expect(rows).toBeLessThanOrEqual(10);
      }
    }
  });

  test('a buyer’s return reads the order’s instructions', async () => {
    const { paymentOrderId } = await anInstruction();
    expect(
      await rowsOf(receiving, mode, (database) => returnBuyer(database, paymentOrderId)),
    ).toBeLessThanOrEqual(5);
  });

  test('the relay looks for early events only', async () => {
    expect(
      await relaying.rowsRead(MATCH_SQL, { limit: 1_000, early_seconds: 3_600 }, mode),
    ).toBeLessThanOrEqual(5);
  });

  test('the newest event of each account is found without reading the others', async () => {
    const input = { limit: 10, silent_seconds: 0, waited_seconds: 0 };
    const before = await measuring.rowsRead(GAUGES_SQL, input, mode);
    await insertEvents();
    expect(await measuring.rowsRead(GAUGES_SQL, input, mode)).toBe(before);
  });
});

test('an operator looks for events of a state and account that has none, without reading the others', async () => {
  // Where all are alike, as in a history, PostgreSQL expects that what is looked for is like them.
  const history = await createTestDatabase();
  await generateHistory(history.url, { payments: 2_000, days: 300 });
  const session = await PlannedSession.open(history.url, 'operate');
  try {
    for (const state of EVENT_STATES) {
      const filter = { states: [state], psp: 'simulator_2', limit: 50 };
      const rows = await rowsOf(session, 'force_custom_plan', (database) => listEvents(database, filter));
      expect(rows).toBeLessThanOrEqual(1);
    }
  } finally {
    await session.close();
    await history.drop();
  }
});
