import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { OWNER } from './set-up/logins.ts';
import { ONE_AT_A_TIME } from './set-up/one-at-a-time.ts';
import { splitStatements } from './split-statements.ts';
import { inTransaction, type SqlTransaction } from './transaction.ts';

export interface Migration {
  /** The file's name, zero-padded, so that names sort as they apply. */
  readonly name: string;
  readonly sql: string;
}

/** Thrown when nothing was applied, naming the file and what to do. */
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
 * Applies the migrations that the database lacks, as the schema's owner, and what else the code keeps in it; all in one
 * transaction: all or none. Two runs at once wait for each other, and the second finds nothing to do. Forward only: a
 * database that is newer than these migrations stays as it is, for the code that was rolled back to them.
 *
 * @param finish what must be true of the schema beside its migrations; runs every time
 * @returns the names of those applied
 * @throws MigrationError when an applied file was changed, one comes too late, or a statement of one fails
 */
export async function migrate(
  migrations: readonly Migration[],
  begin: () => Promise<SqlTransaction>,
  finish: (transaction: SqlTransaction) => Promise<void> = async () => {},
): Promise<readonly string[]> {
  return inTransaction(begin, async (transaction) => {
    const applied = await apply(migrations, transaction);
    await finish(transaction);
    return applied;
  });
}

async function apply(
  migrations: readonly Migration[],
  transaction: SqlTransaction,
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

/** The owner's rights, no other beside it, what was applied. */
const PREPARE = [
  `set local role ${OWNER}`,
  ...ONE_AT_A_TIME,
  `create table if not exists schema_migration (
     name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
];

function assertUnchanged(migrations: readonly Migration[], known: ReadonlyMap<string, string>): void {
  const newestHere = migrations.at(-1)?.name ?? '';
  for (const [name, checksum] of known) {
    const here = migrations.find((migration) => migration.name === name);
    // Newer code has been here, and was rolled back: what it added, old code doesn't use (docs/operate.md).
    if (here === undefined && name > newestHere) continue;
    if (here === undefined && migrations.some((migration) => numberOf(migration.name) === numberOf(name))) {
      throw new MigrationError(
        `This database was made before the first release (${name}); its data can't be carried over. Use an empty one: ` +
          'on one machine move the data folder away, or start with --data and another folder.',
      );
    }
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

function numberOf(name: string): string {
  return name.split('_', 1)[0] ?? name;
}

async function applyOne(migration: Migration, transaction: SqlTransaction): Promise<void> {
  for (const [index, statement] of splitStatements(migration.sql).entries()) {
    await transaction.execute(statement, {}).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MigrationError(
        `${migration.name}, statement ${index + 1}: ${reason}. Nothing was applied; the schema is as it was.`,
        { cause },
      );
    });
  }
  await transaction.execute(
    `insert into schema_migration (name, checksum)
     select name, checksum from jsonb_to_record(:input::jsonb) as r(name text, checksum text)`,
    { name: migration.name, checksum: checksumOf(migration) },
  );
}

/** Of the text, however the checkout ends its lines. */
function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql.replaceAll('\r\n', '\n')).digest('hex');
}
