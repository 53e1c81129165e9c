import pg from 'pg';
import { inject } from 'vitest';
import { createDirectDatabase, type DirectDatabase } from '../../adapters/database/direct-database.ts';

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  readonly database: DirectDatabase;
  drop(): Promise<void>;
}

let databases = 0;

/** A database of its own for a test file, cloned from the migrated template in some tens of milliseconds. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createFrom(inject('postgres').template);
}

/** One without a schema. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createFrom('template0');
}

async function createFrom(template: string): Promise<TestDatabase> {
  const { url } = inject('postgres');
  databases += 1;
  const name = `test_${process.pid}_${databases}_${Date.now()}`;
  await administer(url, `create database ${name} template ${template}`);
  const databaseUrl = new URL(url);
  databaseUrl.pathname = `/${name}`;
  const database = createDirectDatabase(databaseUrl.href);
  return {
    name,
    url: databaseUrl.href,
    database,
    drop: async () => {
      await database.close();
      await administer(url, `drop database ${name} with (force)`);
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
