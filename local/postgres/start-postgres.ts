import { assertPortFree, freePort } from '../free-port.ts';
import { findBinaries } from './binaries.ts';
import { provideCluster } from './cluster.ts';
import { postgresHome } from './home.ts';
import { KeptServer } from './kept-server.ts';
import { stopOrphan } from './orphan.ts';
import { PostgresStartError, socketDirectory } from './server-process.ts';
import { knownLogin, provideSuperuser } from './superuser.ts';
import { withClient } from './with-client.ts';

export interface PostgresOptions {
  /** The data folder of the runtime; the cluster is kept in it, or tied to it. */
  readonly directory: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Made if it is missing. */
  readonly database: string;
  /** False only for tests, whose data need not survive a crash of the machine. */
  readonly durable?: boolean;
  /** Called when the server ends unexpectedly and when it runs again; one line each. */
  readonly onTrouble?: (line: string) => void;
}

export interface RunningPostgres {
  readonly port: number;
  /** The fastest way to connect on this machine: the folder of the server's socket, else the address. */
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Holds the cluster. */
  readonly directory: string;
  /** `postgres://user:password@127.0.0.1:port/database`. */
  readonly url: string;
  /** The server's process; 0 while it is being started again. */
  readonly pid: number;
  close(): Promise<void>;
}

/**
 * Starts the real server, created on the first start, and checks that its commits are durable. A server that ends
 * unexpectedly is restarted.
 *
 * @throws PostgresStartError, PortTakenError; then no server stays behind
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { database, durable = true, onTrouble = () => {} } = options;
  const home = postgresHome(options.directory, findBinaries());
  await provideCluster(home);
  await stopOrphan(home.data);
  const port = options.port === 0 ? await freePort() : options.port;
  await assertPortFree(port);
  const urlOf = (name: string) => {
    const { user, password } = knownLogin(home);
    return `postgres://${user}:${password}@127.0.0.1:${port}/${name}`;
  };
  const server = await KeptServer.start(home, { port, durable, onTrouble, url: urlOf('postgres') });
  try {
    await provideSuperuser(home, urlOf('postgres'));
    await prepare(urlOf('postgres'), database, durable);
  } catch (error) {
    await server.close();
    throw error;
  }
  return {
    port,
    host: socketDirectory(home) ?? '127.0.0.1',
    ...knownLogin(home),
    database,
    directory: home.directory,
    url: urlOf(database),
    get pid() {
      return server.pid;
    },
    close: () => server.close(),
  };
}

async function prepare(url: string, database: string, durable: boolean): Promise<void> {
  await withClient({ connectionString: url }, async (client) => {
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit')`,
    );
    const unsafe = rows.filter((row) => row.setting !== 'on');
    if (durable && unsafe.length > 0) {
      throw new PostgresStartError(
        `commits are not durable: ${unsafe.map((row) => row.name).join(', ')} is off`,
      );
    }
    const found = await client.query('select from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  });
}
