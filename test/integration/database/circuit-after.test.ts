import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CIRCUIT } from '../../../domain/payment/circuit.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase.drop());

interface Circuit {
  readonly not_sent_in_a_row: number;
  readonly unknown_in_a_row: number;
  readonly open_until: string | null;
  readonly open_seconds: number;
  readonly probe_until: string | null;
  readonly reason: string | null;
}

const TRIPS = {
  not_sent: CIRCUIT.notSentInARow,
  unknown: CIRCUIT.unknownInARow,
  open_seconds: CIRCUIT.firstOpenSeconds,
  longest_seconds: CIRCUIT.longestOpenSeconds,
};
const WELL: Circuit = {
  not_sent_in_a_row: 0,
  unknown_in_a_row: 0,
  open_until: null,
  open_seconds: 0,
  probe_until: null,
  reason: null,
};
/** Noon. */
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)).toISOString();
const NOTHING = { answered: false, not_sent: 0, unknown: 0, misconfigured: 0 };

/** What the circuit comes to at noon, by `circuit_after_v1`. */
async function circuitAfter(circuit: Circuit | null, seen: Partial<typeof NOTHING>) {
  const [row] = await testDatabase.database.execute(
    `select n.not_sent_in_a_row, n.unknown_in_a_row, n.open_seconds, n.reason,
            extract(epoch from n.open_until - g.now)::int as open_for,
            extract(epoch from n.probe_until - g.now)::int as probed_for
     from jsonb_to_record(:input::jsonb) as g(circuit jsonb, seen jsonb, trips jsonb, now timestamptz)
     cross join jsonb_to_record(g.seen) as s(answered boolean, not_sent int, unknown int, misconfigured int)
     cross join lateral circuit_after_v1(
       case when g.circuit <> 'null' then jsonb_populate_record(null::psp_circuit, g.circuit) end,
       s.answered, s.not_sent, s.unknown, s.misconfigured, 'why', g.trips, g.now) n`,
    {
      circuit: circuit === null ? null : { ...circuit },
      seen: { ...NOTHING, ...seen },
      trips: TRIPS,
      now: at(0),
    },
  );
  return row;
}

describe('a circuit that was never there', () => {
  test('counts its first failures', async () => {
    expect(await circuitAfter(null, { not_sent: 2, unknown: 1 })).toEqual({
      not_sent_in_a_row: 2,
      unknown_in_a_row: 1,
      open_for: null,
      open_seconds: 0,
      probed_for: null,
      reason: 'why',
    });
  });

  test.each([{ not_sent: 5 }, { unknown: 10 }, { misconfigured: 1 }])(
    'opens at once with %j',
    async (seen) => {
      expect(await circuitAfter(null, seen)).toMatchObject({ open_for: 10, open_seconds: 10 });
    },
  );

  test.each([{ not_sent: 4 }, { unknown: 9 }])('stays closed with %j', async (seen) => {
    expect(await circuitAfter(null, seen)).toMatchObject({ open_for: null, open_seconds: 0 });
  });
});

describe('a closed circuit', () => {
  test('opens with the failure that makes five in a row', async () => {
    expect(await circuitAfter({ ...WELL, not_sent_in_a_row: 4 }, { not_sent: 1 })).toMatchObject({
      not_sent_in_a_row: 5,
      open_for: 10,
    });
  });

  test('forgets what failed when an answer comes', async () => {
    const failing = { ...WELL, not_sent_in_a_row: 4, unknown_in_a_row: 9, reason: 'before' };
    expect(await circuitAfter(failing, { answered: true, unknown: 3 })).toEqual({
      not_sent_in_a_row: 0,
      unknown_in_a_row: 0,
      open_for: null,
      open_seconds: 0,
      probed_for: null,
      reason: null,
    });
  });
});

describe('an open circuit', () => {
  const open = { ...WELL, not_sent_in_a_row: 5, open_until: at(7), open_seconds: 10, probe_until: at(3) };

  test('stays open for as long as it was when another failure comes late', async () => {
    expect(await circuitAfter(open, { not_sent: 1 })).toMatchObject({
      not_sent_in_a_row: 6,
      open_for: 7,
      open_seconds: 10,
      probed_for: 3,
    });
  });

  test('closes when an answer comes late', async () => {
    expect(await circuitAfter(open, { answered: true })).toMatchObject({ open_for: null, open_seconds: 0 });
  });
});

describe('a half-open circuit', () => {
  const halfOpen = (openSeconds: number) => ({
    ...WELL,
    not_sent_in_a_row: 5,
    open_until: at(-1),
    open_seconds: openSeconds,
    probe_until: at(30),
    reason: 'before',
  });

  test.each([
    [10, 20],
    [80, 120],
    [120, 120],
  ])('that was open for %i s opens for %i s when its probe fails', async (before, next) => {
    expect(await circuitAfter(halfOpen(before), { unknown: 1 })).toMatchObject({
      open_for: next,
      open_seconds: next,
      probed_for: null,
      reason: 'why',
    });
  });

  test('lets the next probe when one came to nothing', async () => {
    expect(await circuitAfter(halfOpen(10), {})).toMatchObject({
      open_for: -1,
      open_seconds: 10,
      probed_for: null,
      reason: 'before',
    });
  });

  test('closes when its probe is answered', async () => {
    expect(await circuitAfter(halfOpen(40), { answered: true })).toMatchObject({
      open_for: null,
      probed_for: null,
    });
  });
});
