import { isDeepStrictEqual } from 'node:util';
import type { Database, DatabaseRow, JsonInput } from '../../../adapters/database/database.ts';
import { CLAIM_SQL } from '../../../adapters/database/statements/claim-instructions-sql.ts';
import { RECORD_SQL } from '../../../adapters/database/statements/record-attempts-sql.ts';
import type { ModelDatabase } from './model-database.ts';

/** Thrown when PostgreSQL and the model answer differently: one of them is wrong about the protocol. */
export class DivergenceError extends Error {
  override readonly name = 'DivergenceError';
}

/** Columns that only verdicts with a meaning for them are compared by. */
const CLAIMED_ONLY = [
  'payment_id',
  'merchant_id',
  'correlation_id',
  'cycle',
  'attempt_no',
  'all_proven_not_sent',
  'age_seconds',
  'psp',
  'payment_method',
  'amount_minor',
  'currency',
  'order_started',
  'is_probe',
];

/** PostgreSQL beside the model: every statement runs on both, and both must answer alike. */
export class CheckedDatabase implements Database {
  private readonly postgres: Database;
  private readonly model: ModelDatabase;
  private readonly setClock: () => Promise<void>;

  constructor(postgres: Database, model: ModelDatabase, setClock: () => Promise<void>) {
    this.postgres = postgres;
    this.model = model;
    this.setClock = setClock;
  }

  async execute(sql: string, input: JsonInput): Promise<readonly DatabaseRow[]> {
    await this.setClock();
    const real = await this.postgres.execute(sql, input);
    const modelled = await this.model.execute(sql, input);
    const [one, other] = [comparable(sql, real), comparable(sql, modelled)];
    if (!isDeepStrictEqual(one, other)) {
      throw new DivergenceError(
        `PostgreSQL: ${JSON.stringify(one)}\nmodel:      ${JSON.stringify(other)}\ninput: ${JSON.stringify(input)}`,
      );
    }
    return real;
  }
}

function comparable(sql: string, rows: readonly DatabaseRow[]): unknown {
  return rows
    .map((row) => columnsOf(sql, row))
    .map((row) => JSON.stringify(Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1))))
    .sort();
}

function columnsOf(sql: string, row: DatabaseRow): DatabaseRow {
  const known = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
  if (sql === RECORD_SQL) return known;
  if (sql !== CLAIM_SQL) return known;
  const { instruction_id, payment_order_id, operation, verdict, seconds_left, reason } = row;
  const named = { instruction_id, payment_order_id, operation, verdict };
  switch (verdict) {
    case 'claimed':
    case 'resolve':
    case 'mine':
      return {
        ...named,
        ...Object.fromEntries(CLAIMED_ONLY.map((name) => [name, row[name]])),
      };
    case 'waiting':
      return { ...named, seconds_left, parked: row.parked };
    case 'not_before':
    case 'circuit_open':
      return { ...named, seconds_left };
    case 'rate_limited':
      return { ...named, seconds_left, parked: row.parked };
    case 'exhausted':
      return { ...named, reason, cycle: row.cycle };
    case 'mismatched':
      return { ...named, reason };
    default:
      return named;
  }
}
