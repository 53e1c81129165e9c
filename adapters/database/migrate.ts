import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { DatabaseRow, JsonInput } from './database.ts';
import { splitStatements } from './split-statements.ts';

export interface Migration {
  /** The file's name, zero-padded, so that names sort as they apply. */
  readonly name: string;
  readonly sql: string;
}

/** One transaction of the database, statement by statement. */
export interface MigrationTransaction {
  execute(sql: string, input: JsonInput): Promise<readonly DatabaseRow[]>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Thrown before anything is applied, naming the file and what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** `000001_….sql` files of a directory, in the order they apply. */
export function readMigrations(directory: URL): readonly Migration[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ name, sql: readFileSync(new URL(name, directory), 'utf8') }));
}

/**
 * Applies the migrations that the database lacks, all in one transaction: all or none. Two runs at once wait for each
 * other, and the second finds nothing to do. Forward only.
 *
 * @returns the names of those applied
 * @throws MigrationError when an applied file was changed or is missing here; DatabaseError when a statement fails
 */
export async function migrate(
  migrations: readonly Migration[],
  begin: () => Promise<MigrationTransaction>,
): Promise<readonly string[]> {
  const transaction = await begin();
  try {
    const applied = await apply(migrations, transaction);
    await transaction.commit();
    return applied;
  } catch (error) {
    // What failed is what matters; a transaction that can't be rolled back is dropped by the database.
    await transaction.rollback().catch(() => {});
    throw error;
  }
}

async function apply(
  migrations: readonly Migration[],
  transaction: MigrationTransaction,
): Promise<readonly string[]> {
  for (const statement of PREPARE) await transaction.execute(statement, {});
  const known = new Map(
    (await transaction.execute('select name, checksum from schema_migration order by name', {})).map(
      (row) => [String(row.name), String(row.checksum)],
    ),
  );
  assertUnchanged(migrations, known);
  const missing = migrations.filter((migration) => !known.has(migration.name));
  for (const migration of missing) await applyOne(migration, transaction);
  return missing.map((migration) => migration.name);
}

/** A lock of our own number, the pipeline's short `statement_timeout` lifted, and the table of what was applied. */
const PREPARE = [
  `select set_config('statement_timeout', '0', true)`,
  'select pg_advisory_xact_lock(7082341190)::text as locked',
  `create table if not exists schema_migration (
     name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
];

function assertUnchanged(migrations: readonly Migration[], known: ReadonlyMap<string, string>): void {
  for (const [name, checksum] of known) {
    const here = migrations.find((migration) => migration.name === name);
    if (here === undefined) {
      throw new MigrationError(
        `${name} was applied to this database but is not here: deploy a version that has it.`,
      );
    }
    if (checksumOf(here) !== checksum) {
      throw new MigrationError(
        `${name} was changed after it was applied: undo the change and add a new migration.`,
      );
    }
  }
  const newest = [...known.keys()].at(-1) ?? '';
  const late = migrations.find((migration) => !known.has(migration.name) && migration.name < newest);
  if (late !== undefined) {
    throw new MigrationError(
      `${late.name} sorts before ${newest}, which was applied: give it a higher number.`,
    );
  }
}

async function applyOne(migration: Migration, transaction: MigrationTransaction): Promise<void> {
  for (const statement of splitStatements(migration.sql)) await transaction.execute(statement, {});
  await transaction.execute(
    `insert into schema_migration (name, checksum)
     select name, checksum from jsonb_to_record(:input::jsonb) as r(name text, checksum text)`,
    { name: migration.name, checksum: checksumOf(migration) },
  );
}

function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex');
}
