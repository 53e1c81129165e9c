import pg from 'pg';
import type { SqlTransaction } from '../../adapters/database/transaction.ts';

/** A transaction directly on PostgreSQL, for migrations without a Data API. */
export async function beginPostgresTransaction(url: string): Promise<SqlTransaction> {
  const client = new pg.Client({ connectionString: url });
  // A broken connection fails its query; no other handler is needed.
  client.on('error', () => {});
  await client.connect();
  await client.query('begin');
  const end = async (statement: 'commit' | 'rollback') => {
    await client.query(statement).finally(() => client.end());
  };
  return {
    async execute(sql, input) {
      const values = sql.includes(':input') ? [JSON.stringify(input)] : [];
      const { rows } = await client.query<Record<string, unknown>>(sql.replaceAll(':input', '$1'), values);
      return rows;
    },
    commit: () => end('commit'),
    rollback: () => end('rollback'),
  };
}
