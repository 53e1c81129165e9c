import pg from 'pg';
import type { Database } from '../../adapters/database/database.ts';
import { createDirectDatabase, type DirectDatabase } from '../../adapters/database/direct-database.ts';
import { type Duty, PLANNING } from '../../adapters/database/set-up/logins.ts';
import { setUpDatabase } from '../../local/postgres/set-up-database.ts';
import type { RunningPostgres } from '../../local/postgres/start-postgres.ts';
import { progress } from '../report.ts';
import { generateHistory } from './generate.ts';

const DAYS = 300;

/** One database, with a connection per login. */
export interface Place {
  readonly url: string;
  as(duty: Duty): Database;
  close(): Promise<void>;
}

export async function preparePlace(
  postgres: RunningPostgres,
  name: string,
  payments: number,
): Promise<Place> {
  const url = new URL(postgres.url);
  if (postgres.database !== name) {
    const admin = new pg.Client(postgres.url);
    await admin.connect();
    await admin.query(`create database ${name}`).finally(() => admin.end());
  }
  url.pathname = `/${name}`;
  await setUpDatabase(url.href);
  progress(`generating a history of ${payments} payments`);
  await generateHistory(url.href, {
    payments,
    days: DAYS,
    grown: (count) => {
      if (count % 100_000 === 0) progress(`  ${count}`);
    },
  });
  const opened = new Map<Duty, DirectDatabase>();
  return {
    url: url.href,
    as: (duty) => {
      const database = opened.get(duty) ?? openAs(url.href, duty);
      opened.set(duty, database);
      return database;
    },
    close: async () => {
      await Promise.all([...opened.values()].map((database) => database.close()));
    },
  };
}

/** With a login's rights and plans, in one session. */
function openAs(url: string, duty: Duty): DirectDatabase {
  const settings = { role: `oncepay_${duty}`, ...PLANNING[duty] };
  const withSettings = new URL(url);
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  withSettings.searchParams.set('options', options.join(' '));
  return createDirectDatabase(withSettings.href, 1);
}

/** The same database, with the longest time that a statement took, in milliseconds. */
export function timed(database: Database): { readonly database: Database; longest(): number } {
  let longest = 0;
  return {
    database: {
      execute: async (sql, input) => {
        const startedAt = performance.now();
        const rows = await database.execute(sql, input);
        longest = Math.max(longest, performance.now() - startedAt);
        return rows;
      },
    },
    longest: () => longest,
  };
}
