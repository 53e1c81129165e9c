import pg from 'pg';
import { CHUNK_STATEMENTS, CLOSING_STATEMENTS, PARKED_STATEMENTS } from './generate-sql.ts';

/** One statement's worth: some hundred thousand rows over all tables, a second or two each. */
const CHUNK = 50_000;

export interface History {
  readonly payments: number;
  /** How far it goes back, in days; the newest payment is current. */
  readonly days: number;
  /** Called with the growing number of payments. */
  grown?(payments: number): void;
}

/**
 * Fills a migrated database with the history of so many payments, in the proportions of `generate-sql.ts`, as a superuser: triggers
 * and foreign keys rest meanwhile, and `verify` proves afterwards that what was made is whole.
 */
export async function generateHistory(url: string, history: History): Promise<void> {
  const { payments, days } = history;
  await inSession(url, async (client) => {
    await client.query('create temp table history (payments bigint, seconds float8, started_at timestamptz)');
    await client.query(`insert into history values ($1, $2, clock() - make_interval(secs => $2))`, [
      payments,
      days * 86_400,
    ]);
    for (let first = 0; first < payments; first += CHUNK) {
      const last = Math.min(payments, first + CHUNK) - 1;
      for (const statement of CHUNK_STATEMENTS) await runChunk(client, statement, first, last);
      history.grown?.(last + 1);
    }
    for (const statement of CLOSING_STATEMENTS) await client.query(statement);
  });
}

/** Adds payments that wait, parked, for a pause: what they wait for is not made: it counts as over. */
export async function generateParked(url: string, payments: number, waitsFor: string): Promise<void> {
  await inSession(url, async (client) => {
    for (let first = 0; first < payments; first += CHUNK) {
      const last = Math.min(payments, first + CHUNK) - 1;
      for (const statement of PARKED_STATEMENTS) {
        await runChunk(
          client,
          statement.replaceAll(':waits_for', client.escapeLiteral(waitsFor)),
          first,
          last,
        );
      }
    }
  });
}

async function runChunk(client: pg.Client, statement: string, first: number, last: number): Promise<void> {
  await client.query(statement, statement.includes('$1') ? [first, last] : []);
}

async function inSession(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(`set statement_timeout = 0`);
    await client.query(`set session_replication_role = 'replica'`);
    await client.query(`set synchronous_commit = off`);
    await work(client);
    // As a database that has been there for a while: statistics are there, and pages are known to be visible.
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}
