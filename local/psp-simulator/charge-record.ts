import type { DatabaseSync, StatementSync } from 'node:sqlite';
import * as z from 'zod';

/** What the simulated PSP keeps of a charge. `request` is what was asked, `amount` what it says it took. */
export interface NewCharge {
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly request: string;
  readonly amount: number;
  readonly currency: string;
  readonly status: 'succeeded' | 'declined';
  readonly declineCode: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Charge extends NewCharge {
  /** Its place in the record, from 1. */
  readonly seq: number;
}

export interface ChargeFilter {
  readonly reference?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly status?: Charge['status'] | undefined;
  /** Only what was charged at or before this time, in milliseconds since the epoch. */
  readonly createdUntil?: number | undefined;
  /** Only what was charged after this time, in milliseconds since the epoch. */
  readonly createdAfter?: number | undefined;
  /** Only what stands before this place in the record. */
  readonly seqBefore?: number | undefined;
}

const chargeRow = z.object({
  seq: z.int(),
  reference: z.string(),
  idempotencyKey: z.string(),
  request: z.string(),
  amount: z.int(),
  currency: z.string(),
  status: z.enum(['succeeded', 'declined']),
  declineCode: z.string().nullable(),
  createdAt: z.int(),
});

const COLUMNS = `seq, reference, idempotency_key as "idempotencyKey", request, amount, currency, status,
  decline_code as "declineCode", created_at as "createdAt"`;

/** The durable record of every charge, succeeded or declined. */
export class ChargeRecord {
  private readonly database: DatabaseSync;
  private readonly insertion: StatementSync;
  private readonly sendCount: StatementSync;
  /** One prepared statement per shape of a query; there are as many as the callers have filters. */
  private readonly queries = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
    this.insertion = database.prepare(
      `insert into charge (reference, idempotency_key, request, amount, currency, status, decline_code, created_at)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.sendCount = database.prepare(
      `insert into faulty_reference (reference, sends) values (?, 1)
       on conflict (reference) do update set sends = sends + 1 returning sends`,
    );
  }

  add(charge: NewCharge): Charge {
    const { lastInsertRowid } = this.insertion.run(
      charge.reference,
      charge.idempotencyKey,
      charge.request,
      charge.amount,
      charge.currency,
      charge.status,
      charge.declineCode,
      charge.createdAt,
    );
    return { ...charge, seq: Number(lastInsertRowid) };
  }

  /** Counts one more send of a reference with a faulty token, and says how many there were with it. */
  countFaultySend(reference: string): number {
    return z.object({ sends: z.int() }).parse(this.sendCount.get(reference)).sends;
  }

  oldestFirst(filter: ChargeFilter, limit: number): Charge[] {
    return this.list(filter, 'seq asc', limit);
  }

  newestFirst(filter: ChargeFilter, limit: number): Charge[] {
    return this.list(filter, 'seq desc', limit);
  }

  count(filter: ChargeFilter): number {
    const { where, values } = conditionsOf(filter);
    const row = this.query(`select count(*) as total from charge ${where}`).get(...values);
    return z.object({ total: z.int() }).parse(row).total;
  }

  private list(filter: ChargeFilter, order: 'seq asc' | 'seq desc', limit: number): Charge[] {
    const { where, values } = conditionsOf(filter);
    const rows = this.query(`select ${COLUMNS} from charge ${where} order by ${order} limit ?`).all(
      ...values,
      limit,
    );
    return z.array(chargeRow).parse(rows);
  }

  private query(sql: string): StatementSync {
    const known = this.queries.get(sql);
    if (known !== undefined) return known;
    const prepared = this.database.prepare(sql);
    this.queries.set(sql, prepared);
    return prepared;
  }
}

function conditionsOf(filter: ChargeFilter): { where: string; values: (string | number)[] } {
  const candidates = [
    ['reference = ?', filter.reference],
    ['idempotency_key = ?', filter.idempotencyKey],
    ['status = ?', filter.status],
    ['created_at <= ?', filter.createdUntil],
    ['created_at > ?', filter.createdAfter],
    ['seq < ?', filter.seqBefore],
  ] as const;
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  for (const [condition, value] of candidates) {
    if (value === undefined) continue;
    conditions.push(condition);
    values.push(value);
  }
  return { where: conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`, values };
}
