import type { DatabaseSync, StatementSync } from 'node:sqlite';
import * as z from 'zod';
import { CHARGE_STATUSES } from '../../../simulator/charge-status.ts';
import type { Charge, EntryPeriod, NewCharge } from '../../../simulator/record.ts';

export interface PlacedCharge extends Charge {
  /** Its place in the record, from 1. */
  readonly seq: number;
}

export interface ChargeConditions {
  readonly reference?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly status?: Charge['status'] | undefined;
  /** Only what was charged at or before this time, in milliseconds since the epoch. */
  readonly createdUntil?: number | undefined;
  /** Only charges that end by themselves at or before this time, in milliseconds since the epoch. */
  readonly dueUntil?: number | undefined;
  readonly seq?: number | undefined;
  /** Only charges before this place in the record. */
  readonly seqBefore?: number | undefined;
}

const chargeRow = z.object({
  seq: z.int(),
  reference: z.string(),
  idempotencyKey: z.string(),
  request: z.string(),
  amount: z.int(),
  currency: z.string(),
  status: z.enum(CHARGE_STATUSES),
  declineCode: z.string().nullable(),
  createdAt: z.int(),
  dueAt: z.int().nullable(),
  firstDueAt: z.int().nullable(),
});

const completedRow = chargeRow.extend({ completedAt: z.int() });

/** A charge that succeeded, with the time at which it did. */
export interface CompletedCharge extends PlacedCharge {
  readonly completedAt: number;
}

const COLUMNS = `seq, reference, idempotency_key as "idempotencyKey", request, amount, currency, status,
  decline_code as "declineCode", created_at as "createdAt", due_at as "dueAt",
  first_due_at as "firstDueAt"`;

/** The durable record of every charge, succeeded or declined. */
export class ChargeRecord {
  private readonly database: DatabaseSync;
  private readonly insertion: StatementSync;
  private readonly changing: StatementSync;
  private readonly completed: StatementSync;
  private readonly sendCount: StatementSync;
  private readonly sendCounting: StatementSync;
  /** One prepared statement per shape of a query; there are as many as the callers have conditions. */
  private readonly queries = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
    this.insertion = database.prepare(
      `insert into charge (reference, idempotency_key, request, amount, currency, status, decline_code, created_at,
         due_at, first_due_at, completed_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.changing = database.prepare(
      'update charge set status = ?, decline_code = ?, due_at = ?, completed_at = ? where seq = ?',
    );
    this.completed = database.prepare(
      `select ${COLUMNS}, completed_at as "completedAt" from charge
       where completed_at >= ? and completed_at < ? and (completed_at, seq) > (?, ?)
       order by completed_at, seq limit ?`,
    );
    this.sendCount = database.prepare('select sends from faulty_reference where reference = ?');
    this.sendCounting = database.prepare(
      `insert into faulty_reference (reference, sends) values (?, 1)
       on conflict (reference) do update set sends = sends + 1`,
    );
  }

  add(charge: NewCharge): PlacedCharge {
    const { lastInsertRowid } = this.insertion.run(
      charge.reference,
      charge.idempotencyKey,
      charge.request,
      charge.amount,
      charge.currency,
      charge.status,
      charge.declineCode,
      charge.createdAt,
      charge.dueAt,
      charge.firstDueAt,
      completedAt(charge, charge.createdAt),
    );
    return placed({ ...charge, seq: Number(lastInsertRowid) });
  }

  /** @param at when it changed, in milliseconds since the epoch */
  change(charge: Charge, at: number): void {
    const { id, status, declineCode, dueAt } = charge;
    this.changing.run(status, declineCode, dueAt, completedAt(charge, at), seqOf(id) ?? null);
  }

  /** The charges that succeeded in a period, in the order in which they did, after the place of one of them. */
  completedIn(
    { from, to }: EntryPeriod,
    after: { readonly completedAt: number; readonly seq: number },
    limit: number,
  ): CompletedCharge[] {
    const rows = this.completed.all(from, to, after.completedAt, after.seq, limit);
    return z
      .array(completedRow)
      .parse(rows)
      .map((row) => ({ ...placed(row), completedAt: row.completedAt }));
  }

  get(id: string): PlacedCharge | undefined {
    const seq = seqOf(id);
    return seq === undefined ? undefined : this.oldestFirst({ seq }, 1)[0];
  }

  /** How often a reference was sent with a faulty token. */
  faultySends(reference: string): number {
    const row = this.sendCount.get(reference);
    return row === undefined ? 0 : z.object({ sends: z.int() }).parse(row).sends;
  }

  countFaultySend(reference: string): void {
    this.sendCounting.run(reference);
  }

  oldestFirst(conditions: ChargeConditions, limit: number): PlacedCharge[] {
    return this.list(conditions, 'seq asc', limit);
  }

  newestFirst(conditions: ChargeConditions, limit: number): PlacedCharge[] {
    return this.list(conditions, 'seq desc', limit);
  }

  count(conditions: ChargeConditions): number {
    const { where, values } = whereOf(conditions);
    const row = this.query(`select count(*) as total from charge ${where}`).get(...values);
    return z.object({ total: z.int() }).parse(row).total;
  }

  private list(conditions: ChargeConditions, order: 'seq asc' | 'seq desc', limit: number): PlacedCharge[] {
    const { where, values } = whereOf(conditions);
    const rows = this.query(`select ${COLUMNS} from charge ${where} order by ${order} limit ?`).all(
      ...values,
      limit,
    );
    return z.array(chargeRow).parse(rows).map(placed);
  }

  private query(sql: string): StatementSync {
    const known = this.queries.get(sql);
    if (known !== undefined) return known;
    const prepared = this.database.prepare(sql);
    this.queries.set(sql, prepared);
    return prepared;
  }
}

/** A charge that has succeeded stays so. */
function completedAt({ status }: NewCharge, at: number): number | null {
  return status === 'succeeded' ? at : null;
}

/** @returns undefined for what is no id of this record's */
function seqOf(id: string): number | undefined {
  const digits = /^ch_(\d{10,15})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function placed(charge: NewCharge & { readonly seq: number }): PlacedCharge {
  return { ...charge, id: `ch_${String(charge.seq).padStart(10, '0')}` };
}

function whereOf(conditions: ChargeConditions): { where: string; values: (string | number)[] } {
  const candidates = [
    ['reference = ?', conditions.reference],
    ['idempotency_key = ?', conditions.idempotencyKey],
    ['status = ?', conditions.status],
    ['created_at <= ?', conditions.createdUntil],
    ['due_at <= ?', conditions.dueUntil],
    ['seq = ?', conditions.seq],
    ['seq < ?', conditions.seqBefore],
  ] as const;
  const clauses: string[] = [];
  const values: (string | number)[] = [];
  for (const [clause, value] of candidates) {
    if (value === undefined) continue;
    clauses.push(clause);
    values.push(value);
  }
  return { where: clauses.length === 0 ? '' : `where ${clauses.join(' and ')}`, values };
}
