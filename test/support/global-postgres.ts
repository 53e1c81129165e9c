import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { setUpDatabase } from '../../local/postgres/set-up-database.ts';
import { startPostgres } from '../../local/postgres/start-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { readonly url: string; readonly template: string };
  }
}

const TEMPLATE = 'oncepay_template';

/** One PostgreSQL for a project's tests, and in it one migrated database to clone. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-test-postgres-'));
  const server = await startPostgres({ directory, port: 0, database: TEMPLATE, durable: false });
  await setUpDatabase(server.url);
  const url = new URL(server.url);
  url.pathname = '/postgres';
  project.provide('postgres', { url: url.href, template: TEMPLATE });
  return async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  };
}
