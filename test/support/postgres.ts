import pg from 'pg';
import { inject } from 'vitest';
import { createDirectDatabase, type DirectDatabase } from '../../adapters/database/direct-database.ts';

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** As the server's superuser. */
  readonly database: DirectDatabase;
  /** With the rights of this role and no others. */
  as(role: string): DirectDatabase;
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

/** Another with the same in it; nobody may be connected to the one it is made from, so its connections are closed. */
export async function cloneDatabase(original: TestDatabase): Promise<TestDatabase> {
  return createFrom(original.name);
}

async function createFrom(template: string): Promise<TestDatabase> {
  const { url } = inject('postgres');
  databases += 1;
  const name = `test_${process.pid}_${databases}_${Date.now()}`;
  await administer(url, `create database ${name} template ${template}`);
  const databaseUrl = new URL(url);
  databaseUrl.pathname = `/${name}`;
  const database = createDirectDatabase(databaseUrl.href);
  const opened: DirectDatabase[] = [database];
  return {
    name,
    url: databaseUrl.href,
    database,
    as: (role) => {
      const roleUrl = new URL(databaseUrl);
      roleUrl.searchParams.set('options', `-c role=${role}`);
      const asRole = createDirectDatabase(roleUrl.href, 2);
      opened.push(asRole);
      return asRole;
    },
    drop: async () => {
      await Promise.all(opened.map((each) => each.close()));
      await administer(url, `drop database ${name} with (force)`);
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
