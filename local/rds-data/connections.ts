import { createHash } from 'node:crypto';
import pg from 'pg';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { BoundStatement } from './bind-parameters.ts';
import { type Column, describeColumns } from './describe-columns.ts';
import { badRequest, DataApiError } from './errors.ts';
import type { Text } from './result-fields.ts';
import { isCopyIn, statementError, unexpectedMessage } from './statement-error.ts';

/** The address of the cluster's PostgreSQL, and the login in each secret. */
export interface ClusterAddress {
  readonly resourceArn: string;
  readonly host: string;
  readonly port: number;
  readonly defaultDatabase: string;
  /** Called for each request: a rotated secret contains another login. */
  readonly secrets: { get(secretArn: string): Login | undefined };
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Target {
  readonly resourceArn: string;
  readonly secretArn: string;
  readonly database?: string | undefined;
}

export interface RawResult {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Text[])[];
  readonly rowCount: number;
  /** PostgreSQL's command tag: `SELECT`, `INSERT`, `SET`, `BEGIN` … */
  readonly command: string;
}

export interface RunOptions {
  readonly continueAfterTimeout: boolean;
  /** Whether the answer names the tables of its columns. */
  readonly includeResultMetadata: boolean;
}

/** As many connections as are useful on a laptop; the size of the Data API's own pool is unknown. */
const POOL_SIZE = 16;
/** The Data API's own limit of a statement. */
const STATEMENT_LIMIT_MS = 45_000;

/** The pools of connections, one per secret and database, as the Data API keeps them. */
export class Connections {
  private readonly address: ClusterAddress;
  private readonly pools = new Map<string, { readonly login: Login; readonly pool: pg.Pool }>();
  /** The pools of rotated logins, which end their running statements. */
  private readonly retired = new Set<Promise<void>>();
  private readonly taken = new Map<pg.PoolClient, Target>();
  /** Clients whose session waits for rows to copy, which never come. */
  private readonly stuck = new WeakSet<pg.PoolClient>();
  private readonly clock: Clock;

  constructor(address: ClusterAddress, clock: Clock) {
    this.address = address;
    this.clock = clock;
  }

  async take(target: Target): Promise<pg.PoolClient> {
    try {
      const client = await this.poolOf(target).connect();
      client.on('error', ignore);
      this.taken.set(client, target);
      return client;
    } catch (error) {
      throw connectError(error);
    }
  }

  /** @param isSpent whether its session has changed: it is closed, which rolls back an open transaction */
  giveBack(client: pg.PoolClient, isSpent: boolean): void {
    if (!this.taken.delete(client)) return;
    client.off('error', ignore);
    client.release(isSpent || this.stuck.has(client));
  }

  /**
   * One statement, prepared by name: planning the pipeline's long statements costs more than running them.
   *
   * @throws DataApiError; a statement that runs for 45 s is cancelled, unless `continueAfterTimeout`
   */
  async run(client: pg.PoolClient, statement: BoundStatement, options: RunOptions): Promise<RawResult> {
    const query = client.query<Text[]>({
      name: nameOf(statement.text),
      text: statement.text,
      values: [...statement.values],
      rowMode: 'array',
    });
    const timeout = limit(this.clock, () => {
      if (!options.continueAfterTimeout) this.cancel(client);
    });
    try {
      const result = await Promise.race([query, timeout.expired]);
      if (result.command === 'COPY') throw unexpectedMessage('CopyOutResponse');
      const columns = await describeColumns(client, result.fields, options.includeResultMetadata);
      return { columns, rows: result.rows, rowCount: result.rowCount ?? 0, command: result.command };
    } catch (error) {
      if (isCopyIn(error)) this.stuck.add(client);
      throw statementError(error, statement);
    } finally {
      timeout.cancel();
      // After a time-out the query still runs; the connection's next user waits for its end.
      query.catch(() => {});
    }
  }

  /** Nothing more can be asked of it: it must be given back. */
  isStuck(client: pg.PoolClient): boolean {
    return this.stuck.has(client);
  }

  /** Running statements are aborted: their callers are stopped as well. */
  async close(): Promise<void> {
    for (const client of this.taken.keys()) this.giveBack(client, true);
    await Promise.all([...[...this.pools.values()].map(({ pool }) => pool.end()), ...this.retired]);
  }

  /** Uses another connection, as PostgreSQL requires. If it fails, the database's own time-out ends the statement. */
  private cancel(client: pg.PoolClient): void {
    const target = this.taken.get(client);
    if (target === undefined) return;
    const { processID } = z.object({ processID: z.int() }).parse(client);
    this.poolOf(target)
      .query('select pg_cancel_backend($1)', [processID])
      .catch(() => {});
  }

  private poolOf({ resourceArn, secretArn, database = this.address.defaultDatabase }: Target): pg.Pool {
    if (resourceArn !== this.address.resourceArn) {
      throw badRequest(`HttpEndpoint is not enabled for resource ${resourceArn}.`);
    }
    const login = this.address.secrets.get(secretArn);
    if (login === undefined)
      throw badRequest(`Secrets Manager can't find the specified secret: ${secretArn}`);
    const key = `${secretArn}/${database}`;
    const known = this.pools.get(key);
    if (known !== undefined && isSame(known.login, login)) return known.pool;
    if (known !== undefined) this.retire(known.pool);
    const pool = this.createPool(database, login);
    this.pools.set(key, { login, pool });
    return pool;
  }

  private createPool(database: string, login: Login): pg.Pool {
    const { host, port } = this.address;
    const pool = new pg.Pool({ host, port, database, ...login, max: POOL_SIZE, types: TEXT_TYPES });
    // A connection that breaks while idle is replaced; the next statement reports an error.
    pool.on('error', () => {});
    return pool;
  }

  private retire(pool: pg.Pool): void {
    const ended = pool.end().finally(() => this.retired.delete(ended));
    this.retired.add(ended);
  }
}

/** A connection that breaks while in use fails its current statement, or the next one. */
const ignore = () => {};

function isSame(one: Login, other: Login): boolean {
  return one.user === other.user && one.password === other.password;
}

/** Every value as PostgreSQL wrote it. */
const TEXT_TYPES = { getTypeParser: () => (text: string) => text };

function connectError(error: unknown): Error {
  if (error instanceof DataApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof pg.DatabaseError && error.code === '28P01') return badRequest(message);
  if (error instanceof pg.DatabaseError && error.code === '3D000') {
    return new DataApiError('DatabaseNotFoundException', `${message}; SQLState: 3D000`);
  }
  return new DataApiError('DatabaseUnavailableException', `The writer instance is unavailable: ${message}`);
}

/** PostgreSQL cuts names at 63 bytes; a hash is shorter, and hashing the text each time would cost more than a look-up. */
const names = new Map<string, string>();
const NAMES_LIMIT = 1_000;

function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= NAMES_LIMIT) names.clear();
  const name = createHash('sha1').update(text).digest('base64');
  names.set(text, name);
  return name;
}

function limit(clock: Clock, onExpired: () => void) {
  let cancel = () => {};
  const expired = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(STATEMENT_LIMIT_MS, () => {
      onExpired();
      reject(new DataApiError('StatementTimeoutException', 'Request timed out'));
    });
  });
  return { expired, cancel: () => cancel() };
}
