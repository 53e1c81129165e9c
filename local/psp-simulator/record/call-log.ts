import type { DatabaseSync, StatementSync } from 'node:sqlite';
import * as z from 'zod';
import { CALL_KINDS, type Call, type CallCounts } from '../../../simulator/record.ts';

/** Two calls for each of half a million payments: more than any test makes, and no more than 100 MB. */
const CALLS_KEPT = 1_000_000;
/** Old calls are deleted in batches of this size, to keep the cost per call low. */
const CALLS_PER_PRUNING = 10_000;

const callRows = z.array(
  z.object({
    kind: z.enum(CALL_KINDS),
    reference: z.string().nullable(),
    idempotencyKey: z.string().nullable(),
    status: z.int().nullable(),
    at: z.int(),
  }),
);
const countsRow = z.object({ sends: z.int(), confirms: z.int(), lookUps: z.int(), invalidations: z.int() });

const COUNTS = `select count(*) filter (where kind = 'send') as sends,
  count(*) filter (where kind = 'confirm') as confirms,
  count(*) filter (where kind = 'look_up') as "lookUps",
  count(*) filter (where kind = 'invalidate') as invalidations from api_call`;
const CALLS = `select kind, reference, idempotency_key as "idempotencyKey", status, at from api_call`;

/** The calls to the simulated PSP, in order, as evidence of how often it was called. */
export class CallLog {
  private readonly insertion: StatementSync;
  private readonly pruning: StatementSync;
  private readonly countsOfAll: StatementSync;
  private readonly countsOfReference: StatementSync;
  private readonly latest: StatementSync;
  private readonly latestOfReference: StatementSync;

  constructor(database: DatabaseSync) {
    this.insertion = database.prepare(
      'insert into api_call (kind, reference, idempotency_key, status, at) values (?, ?, ?, ?, ?)',
    );
    this.pruning = database.prepare('delete from api_call where seq <= ?');
    this.countsOfAll = database.prepare(COUNTS);
    this.countsOfReference = database.prepare(`${COUNTS} where reference = ?`);
    this.latest = database.prepare(`${CALLS} order by seq desc limit ?`);
    this.latestOfReference = database.prepare(`${CALLS} where reference = ? order by seq desc limit ?`);
  }

  add(call: Call): void {
    const { lastInsertRowid } = this.insertion.run(
      call.kind,
      call.reference,
      call.idempotencyKey,
      call.status,
      call.at,
    );
    const seq = Number(lastInsertRowid);
    if (seq % CALLS_PER_PRUNING === 0) this.pruning.run(seq - CALLS_KEPT);
  }

  counts(reference: string | undefined): CallCounts {
    const row = reference === undefined ? this.countsOfAll.get() : this.countsOfReference.get(reference);
    return countsRow.parse(row);
  }

  newestFirst(reference: string | undefined, limit: number): Call[] {
    const rows =
      reference === undefined ? this.latest.all(limit) : this.latestOfReference.all(reference, limit);
    return callRows.parse(rows);
  }
}
