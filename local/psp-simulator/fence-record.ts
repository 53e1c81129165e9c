import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** What is kept by key beside the charges: keys that are cancelled, and those whose 500 is replayed. */
export class FenceRecord {
  private readonly insertion: StatementSync;
  private readonly cancelled: StatementSync;
  private readonly errorInsertion: StatementSync;
  private readonly storedError: StatementSync;

  constructor(database: DatabaseSync) {
    this.insertion = database.prepare(
      'insert into cancellation (idempotency_key, at) values (?, ?) on conflict do nothing',
    );
    this.cancelled = database.prepare('select 1 from cancellation where idempotency_key = ?');
    this.errorInsertion = database.prepare(
      'insert into stored_error (idempotency_key) values (?) on conflict do nothing',
    );
    this.storedError = database.prepare('select 1 from stored_error where idempotency_key = ?');
  }

  cancel(idempotencyKey: string, at: number): void {
    this.insertion.run(idempotencyKey, at);
  }

  isCancelled(idempotencyKey: string): boolean {
    return this.cancelled.get(idempotencyKey) !== undefined;
  }

  storeError(idempotencyKey: string): void {
    this.errorInsertion.run(idempotencyKey);
  }

  hasStoredError(idempotencyKey: string): boolean {
    return this.storedError.get(idempotencyKey) !== undefined;
  }
}
