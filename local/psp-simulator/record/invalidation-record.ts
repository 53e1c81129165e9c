import type { DatabaseSync, StatementSync } from 'node:sqlite';
import * as z from 'zod';

const errorRow = z.object({ at: z.int() });

/** Kept by key in addition to the charges: invalidated keys, and keys whose 500 is replayed. */
export class InvalidationRecord {
  private readonly insertion: StatementSync;
  private readonly invalidated: StatementSync;
  private readonly errorInsertion: StatementSync;
  private readonly storedError: StatementSync;

  constructor(database: DatabaseSync) {
    this.insertion = database.prepare(
      'insert into invalidation (idempotency_key, at) values (?, ?) on conflict do nothing',
    );
    this.invalidated = database.prepare('select 1 from invalidation where idempotency_key = ?');
    this.errorInsertion = database.prepare(
      `insert into replayed_error (idempotency_key, at) values (?, ?)
       on conflict (idempotency_key) do update set at = excluded.at`,
    );
    this.storedError = database.prepare('select at from replayed_error where idempotency_key = ?');
  }

  /** Kept for ever. @param at milliseconds since the epoch */
  invalidate(idempotencyKey: string, at: number): void {
    this.insertion.run(idempotencyKey, at);
  }

  isInvalidated(idempotencyKey: string): boolean {
    return this.invalidated.get(idempotencyKey) !== undefined;
  }

  /** @param at milliseconds since the epoch */
  storeError(idempotencyKey: string, at: number): void {
    this.errorInsertion.run(idempotencyKey, at);
  }

  /** Milliseconds since the epoch. */
  errorStoredAt(idempotencyKey: string): number | undefined {
    const row = this.storedError.get(idempotencyKey);
    return row === undefined ? undefined : errorRow.parse(row).at;
  }
}
