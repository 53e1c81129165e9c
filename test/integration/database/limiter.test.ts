import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase.drop());

/** Noon; negative before. */
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, 0) + seconds * 1000).toISOString();

interface Limiter {
  readonly declared_ms: number;
  readonly spacing_ms: number;
  readonly limited_at: string;
  readonly recovers_from: string;
  readonly next_call_at: string;
}

function limiter(spacing_ms: number, limitedAt: number, more: Partial<Limiter> = {}): Limiter {
  return {
    declared_ms: 0,
    spacing_ms,
    limited_at: at(limitedAt),
    recovers_from: at(limitedAt),
    next_call_at: at(limitedAt),
    ...more,
  };
}

async function evaluate(sql: string, known: Limiter | null, retryAfterSeconds: number | null = null) {
  const [row] = await testDatabase.database.execute(
    `with given as (
       select case when g.limiter <> 'null' then jsonb_populate_record(null::psp_limiter, g.limiter) end as l,
              g.retry_after, g.now
       from jsonb_to_record(:input::jsonb) as g(limiter jsonb, retry_after int, now timestamptz)
     ) ${sql}`,
    { limiter: known === null ? null : { ...known }, retry_after: retryAfterSeconds, now: at(0) },
  );
  return row;
}

const spacing = async (known: Limiter) =>
  (await evaluate('select limiter_spacing_v1(l, now) as spacing from given', known))?.spacing;
const room = async (known: Limiter) =>
  (await evaluate('select limiter_room_v1(l, now) as room from given', known))?.room;
/** By a 429 at noon. */
const limited = (known: Limiter | null, retryAfterSeconds: number | null = null) =>
  evaluate(
    `select n.spacing_ms, extract(epoch from n.limited_at - now)::int as limited,
            extract(epoch from n.recovers_from - now)::int as recovers_in,
            round(1000 * extract(epoch from n.next_call_at - now))::int as next_call_in_ms
     from given, limiter_after_v1(l, retry_after, now) n`,
    known,
    retryAfterSeconds,
  );

describe('the spacing of calls', () => {
  test.each([
    ['the declared one where nothing was learnt', 400, 0, 400],
    ['the declared one where what was learnt has recovered', 400, 160, 400],
    ['the learnt one while it is wider', 100, 6400, 800],
  ])('is %s', async (_what, declared, learnt, expected) => {
    expect(await spacing(limiter(learnt, -180, { declared_ms: declared }))).toBe(expected);
  });

  test.each([
    [0, 160],
    [59, 160],
    [60, 80],
    [125, 40],
    [7 * 60, 1],
    [8 * 60, 0],
    [30 * 24 * 3600, 0],
  ])('of 160 ms is, %i s after the last 429, %i ms', async (seconds, expected) => {
    expect(await spacing(limiter(160, -seconds))).toBe(expected);
  });

  test('doesn’t recover while the PSP has asked for silence', async () => {
    expect(await spacing(limiter(160, -300, { recovers_from: at(60) }))).toBe(160);
  });
});

describe('the room for calls', () => {
  test.each([
    [
      'of an idle PSP is a second’s and those of the next fifteen',
      limiter(1_000, 0, { next_call_at: at(-90) }),
      17,
    ],
    ['is what is left of the next fifteen seconds', limiter(1_000, 0, { next_call_at: at(10) }), 6],
    [
      'is none where all slots of the next fifteen seconds are taken',
      limiter(1_000, 0, { next_call_at: at(16) }),
      0,
    ],
    ['at one call in ten seconds is two', limiter(10_000, 0, { next_call_at: at(0) }), 2],
    ['without a limit has none', limiter(20, -3_600), 2_147_483_647],
  ])('%s', async (_what, known, expected) => {
    expect(await room(known)).toBe(expected);
  });
});

describe('a 429', () => {
  test('of a PSP that has said none begins at fifty calls a second', async () => {
    expect(await limited(null)).toEqual({
      spacing_ms: 20,
      limited: 0,
      recovers_in: 0,
      next_call_in_ms: 20,
    });
  });

  test('doubles the spacing that there is by now', async () => {
    expect(await limited(limiter(400, -70))).toMatchObject({ spacing_ms: 400, next_call_in_ms: 400 });
    expect(await limited(limiter(400, -10))).toMatchObject({ spacing_ms: 800, next_call_in_ms: 800 });
  });

  test('within a second of another is of the same limit', async () => {
    expect(await limited(limiter(400, -0.5))).toMatchObject({ spacing_ms: 400 });
  });

  test('never asks for more than ten seconds between calls', async () => {
    expect(await limited(limiter(8_000, -10))).toMatchObject({ spacing_ms: 10_000 });
  });

  test('of a limit that has recovered begins anew', async () => {
    expect(await limited(limiter(10_000, -3_600))).toMatchObject({ spacing_ms: 20 });
  });

  test('with a Retry-After keeps everybody silent for that long', async () => {
    expect(await limited(null, 30)).toMatchObject({ recovers_in: 30, next_call_in_ms: 30_000 });
  });

  test('keeps an earlier silence that is longer, and slots that are taken', async () => {
    const silent = limiter(100, -10, { recovers_from: at(40), next_call_at: at(50) });
    expect(await limited(silent, 30)).toMatchObject({ recovers_in: 40, next_call_in_ms: 50_000 });
  });

  test('keeps the whole account silent for an hour at the most', async () => {
    expect(await limited(null, 86_400)).toMatchObject({ recovers_in: 3_600, next_call_in_ms: 3_600_000 });
  });
});
