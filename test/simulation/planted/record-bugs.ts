import {
  type Database,
  DatabaseError,
  type DatabaseRow,
  type JsonInput,
} from '../../../adapters/database/database.ts';
import { CLAIM_SQL } from '../../../adapters/database/statements/claim-instructions-sql.ts';
import type { RecordedAttempt } from '../../../adapters/database/statements/record-attempts.ts';
import { RECORD_SQL } from '../../../adapters/database/statements/record-attempts-sql.ts';
import { type Bug, isObject, listOf, onStatement } from './plant.ts';
import { NO_FENCE, NOTHING_PLANTED, type Planted } from './planted.ts';

/** What is wrong about how an attempt is written down, and about what a record that failed is taken for. */
export const RECORD_BUGS: readonly Bug[] = [
  {
    name: 'acknowledge when no row changed',
    rule: 7,
    planted: onFailedRecord(() => true),
  },
  {
    name: 'lose ten rows to one constraint',
    rule: 6,
    planted: onFailedRecord((error) => error instanceof DatabaseError && /^2[23]/.test(error.sqlState)),
    where: { faults: new Set(['row refused']), rate: 0.5 },
  },
  {
    name: 'believe “not found” at once',
    rule: 4,
    planted: {
      ...NOTHING_PLANTED,
      database: (database) => ({
        execute: (sql, input) =>
          database.execute(
            sql,
            sql === RECORD_SQL ? withoutWaits(input) : sql === CLAIM_SQL ? withoutLease(input) : input,
          ),
      }),
    },
  },
  {
    name: 'count a 429 as an attempt',
    rule: 11,
    planted: onStatement(RECORD_SQL, {
      input: (input) => ({
        ...input,
        attempts: listOf(input, 'attempts').map((attempt) => ({ ...attempt, costs_no_attempt: false })),
      }),
    }),
    where: { faults: new Set(['PSP limits the rate']), rate: 0.6 },
  },
  {
    name: 'draw a movement’s name in the statement, and book what the fence refused',
    rule: 12,
    planted: onStatement(RECORD_SQL, {
      input: (input) => ({
        ...input,
        attempts: listOf(input, 'attempts').map((attempt) => ({ ...attempt, books_unfenced: true })),
      }),
    }),
    where: { faults: new Set(['answer lost']), rate: 0.3 },
  },
  {
    name: 'add to an order’s amounts again in a replay',
    rule: 7,
    planted: onStatement(RECORD_SQL, {
      input: (input) => ({
        ...input,
        attempts: listOf(input, 'attempts').map((attempt) => ({ ...attempt, adds_unfenced: true })),
      }),
    }),
    where: { faults: new Set(['answer lost']), rate: 0.3 },
  },
  {
    name: 'no fence: whoever records last wins',
    rule: 6,
    planted: onStatement(RECORD_SQL, {
      input: (input) => ({ ...input, attempts: withoutFence(input.attempts) }),
    }),
  },
];

/** A record that failed is taken for one that parked its instructions. */
function onFailedRecord(isTaken: (error: unknown) => boolean): Planted {
  const wrap = (database: Database): Database => ({
    execute: async (sql, input) => {
      try {
        return await database.execute(sql, input);
      } catch (error) {
        if (sql !== RECORD_SQL || !isTaken(error)) throw error;
        return asIfParked(input);
      }
    },
  });
  return { ...NOTHING_PLANTED, database: wrap };
}

/** What a record that changed nothing must never be taken for. */
function asIfParked(input: JsonInput): readonly DatabaseRow[] {
  if (!isObject(input) || !Array.isArray(input.attempts)) return [];
  return input.attempts.filter(isObject).map((record) => {
    // By its type, so that a new column is not forgotten here: what can't be read looks like a record that failed.
    const row: RecordedAttempt = {
      instruction_id: String(record.instruction_id),
      is_applied: true,
      state: 'ready',
      parked: true,
      seconds_left: 0,
      cycle: 0,
      reason: null,
      order_changed: false,
      age_milliseconds: null,
    };
    return row;
  });
}

function withoutWaits(input: JsonInput): JsonInput {
  if (!isObject(input) || !Array.isArray(input.attempts)) return input;
  return {
    ...input,
    attempts: input.attempts.map((record: JsonInput) =>
      isObject(record) && record.wait_seconds !== null
        ? { ...record, wait_seconds: 0, parked: false, waits_for: null }
        : record,
    ),
  };
}

function withoutLease(input: JsonInput): JsonInput {
  return isObject(input)
    ? { ...input, lease_seconds: 0, propagation_seconds: {}, default_propagation_seconds: 0 }
    : input;
}

/** The model knows a record without a fence by its token. */
function withoutFence(records: JsonInput | undefined): JsonInput {
  if (!Array.isArray(records)) return [];
  return records.map((record: JsonInput) =>
    isObject(record) ? { ...record, claim_token: NO_FENCE } : record,
  );
}
