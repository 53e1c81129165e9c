import type { DatabaseRow, JsonInput } from './database.ts';

/** One transaction of the database, statement by statement. */
export interface SqlTransaction {
  execute(sql: string, input: JsonInput): Promise<readonly DatabaseRow[]>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Commits what `work` did, or none of it. */
export async function inTransaction<T>(
  begin: () => Promise<SqlTransaction>,
  work: (transaction: SqlTransaction) => Promise<T>,
): Promise<T> {
  const transaction = await begin();
  try {
    const result = await work(transaction);
    await transaction.commit();
    return result;
  } catch (error) {
    // What failed is what matters; a transaction that can't be rolled back is dropped by the database.
    await transaction.rollback().catch(() => {});
    throw error;
  }
}
