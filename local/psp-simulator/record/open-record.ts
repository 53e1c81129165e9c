import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const SCHEMA = `
  create table if not exists charge (
    seq integer primary key autoincrement,
    reference text not null,
    idempotency_key text not null,
    request text not null,
    amount integer not null,
    currency text not null,
    status text not null,
    decline_code text,
    created_at integer not null,
    due_at integer,
    first_due_at integer,
    completed_at integer
  ) strict;
  create index if not exists charge_by_reference on charge (reference);
  create index if not exists charge_by_idempotency_key on charge (idempotency_key);
  create index if not exists charge_by_status on charge (status);
  create index if not exists charge_by_due on charge (due_at) where due_at is not null;
  create index if not exists charge_by_completion on charge (completed_at, seq) where completed_at is not null;

  create table if not exists faulty_reference (
    reference text primary key,
    sends integer not null
  ) strict, without rowid;

  create table if not exists api_call (
    seq integer primary key autoincrement,
    kind text not null,
    reference text,
    idempotency_key text,
    status integer,
    at integer not null
  ) strict;
  create index if not exists api_call_by_reference on api_call (reference);

  create table if not exists invalidation (
    idempotency_key text primary key,
    at integer not null
  ) strict, without rowid;

  create table if not exists event (
    seq integer primary key autoincrement,
    id text not null unique,
    next_attempt_at integer,
    content text not null
  ) strict;
  create index if not exists event_by_next_attempt on event (seq) where next_attempt_at is not null;

  create table if not exists replayed_error (
    idempotency_key text primary key,
    at integer not null
  ) strict, without rowid;
`;

const VERSION = 3;

/** Check constraints of the first version allow fewer states and calls, and SQLite can't drop them: the rows move. */
const FROM_FIRST_VERSION = `
  begin immediate;
  drop index charge_by_reference;
  drop index charge_by_idempotency_key;
  drop index charge_by_status;
  drop index api_call_by_reference;
  alter table charge rename to charge_1;
  alter table api_call rename to api_call_1;
  ${SCHEMA}
  insert into charge select *, null, null, iif(status = 'succeeded', created_at, null) from charge_1;
  insert into api_call select * from api_call_1;
  drop table charge_1;
  drop table api_call_1;
  commit;
`;

/** When a charge succeeded was not kept: for those there are, it was when they were created. */
const FROM_SECOND_VERSION = `
  begin immediate;
  alter table charge add column completed_at integer;
  update charge set completed_at = created_at where status = 'succeeded';
  ${SCHEMA}
  commit;
`;

/** Undefined for a new record. */
function versionOf(database: DatabaseSync): unknown {
  const isNew = database.prepare("select 1 from sqlite_schema where name = 'charge'").get() === undefined;
  return isNew ? undefined : database.prepare('pragma user_version').get()?.user_version;
}

function setUpOf(database: DatabaseSync): string {
  switch (versionOf(database)) {
    case 0:
      return FROM_FIRST_VERSION;
    case 2:
      return FROM_SECOND_VERSION;
    default:
      return SCHEMA;
  }
}

/**
 * Opens the record of one simulated PSP, and creates it if missing.
 *
 * Answered calls survive a kill of the process: the write-ahead log reaches the operating system with each commit. It isn't
 * forced to the disk, so a power cut may lose the last moments. This allows 2,000 charges a second on a laptop, and no real
 * money is in it.
 */
export function openRecord(directory: string, name: string): DatabaseSync {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(directory, `${name}.sqlite`), { timeout: LOCK_TIMEOUT_MS });
  database.exec('pragma journal_mode = wal; pragma synchronous = normal;');
  database.exec(setUpOf(database));
  database.exec(`pragma user_version = ${VERSION}`);
  return database;
}

/** A killed runtime may hold the file a moment longer than its successor takes to start. */
const LOCK_TIMEOUT_MS = 5_000;
