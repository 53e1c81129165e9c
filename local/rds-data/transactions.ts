import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Clock } from '../clock.ts';
import type { BoundStatement } from './bind-parameters.ts';
import type { Connections, RawResult, RunOptions, Target } from './connections.ts';
import { badRequest, DataApiError } from './errors.ts';

/** "A transaction times out if there are no calls that use its transaction ID in three minutes." */
const IDLE_LIMIT_MS = 3 * 60 * 1000;
/** "A transaction can run for a maximum of 24 hours." */
const AGE_LIMIT_MS = 24 * 3600 * 1000;

interface Transaction {
  readonly client: pg.PoolClient;
  readonly target: Target;
  isBusy: boolean;
  cancelIdle: () => void;
  cancelAge: () => void;
}

/** The open transactions by id; each holds a connection until it ends or is forgotten. */
export class Transactions {
  private readonly connections: Connections;
  private readonly clock: Clock;
  private readonly open = new Map<string, Transaction>();

  constructor(connections: Connections, clock: Clock) {
    this.connections = connections;
    this.clock = clock;
  }

  async begin(target: Target): Promise<string> {
    const client = await this.connections.take(target);
    try {
      await client.query('begin');
    } catch (error) {
      this.connections.giveBack(client, true);
      throw unavailable(error);
    }
    const id = randomBytes(120).toString('base64');
    const cancelAge = this.clock.after(AGE_LIMIT_MS, () => void this.drop(id));
    this.open.set(id, { client, target, isBusy: false, cancelIdle: this.watch(id), cancelAge });
    return id;
  }

  async run(id: string, target: Target, statement: BoundStatement, options: RunOptions): Promise<RawResult> {
    const transaction = this.find(id, target);
    if (transaction.isBusy) throw stillRunning();
    transaction.isBusy = true;
    transaction.cancelIdle();
    try {
      return await this.connections.run(transaction.client, statement, options);
    } finally {
      transaction.isBusy = false;
      if (this.connections.isStuck(transaction.client)) await this.drop(id);
      if (this.open.has(id)) transaction.cancelIdle = this.watch(id);
    }
  }

  /**
   * A commit of a transaction in which a statement failed writes nothing and returns no error: aurora-data-api's suite, written
   * for AWS, commits one without an error. Callers must not rely on one.
   *
   * @returns the status in the API's answer
   */
  async end(id: string, target: Omit<Target, 'database'>, how: 'commit' | 'rollback'): Promise<string> {
    const { client } = this.forget(id, target);
    const command = await client.query(how).then((result) => result.command, unavailable);
    // A setting changed within the transaction may outlive it.
    this.connections.giveBack(client, true);
    if (command instanceof DataApiError) throw command;
    return how === 'commit' ? 'Transaction Committed' : 'Rollback Complete';
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.keys()].map((id) => this.drop(id)));
  }

  private watch(id: string): () => void {
    return this.clock.after(IDLE_LIMIT_MS, () => void this.drop(id));
  }

  /** Rolls back and removes a transaction, if it still exists. */
  async drop(id: string): Promise<void> {
    const transaction = this.open.get(id);
    if (transaction === undefined) return;
    this.open.delete(id);
    transaction.cancelIdle();
    transaction.cancelAge();
    // Closing the connection rolls back, even while a statement runs.
    this.connections.giveBack(transaction.client, true);
  }

  private find(id: string, target: Omit<Target, 'database'>): Transaction {
    const transaction = this.open.get(id);
    if (transaction === undefined) {
      throw new DataApiError('TransactionNotFoundException', `Transaction ${id} is not found`);
    }
    if (
      transaction.target.secretArn !== target.secretArn ||
      transaction.target.resourceArn !== target.resourceArn
    ) {
      throw badRequest(`Transaction ${id} belongs to another resource or secret.`);
    }
    return transaction;
  }

  private forget(id: string, target: Omit<Target, 'database'>): Transaction {
    const transaction = this.find(id, target);
    if (transaction.isBusy) throw stillRunning();
    this.open.delete(id);
    transaction.cancelIdle();
    transaction.cancelAge();
    return transaction;
  }
}

function stillRunning(): DataApiError {
  return new DataApiError('DatabaseErrorException', 'Transaction is still running a query');
}

function unavailable(error: unknown): DataApiError {
  return new DataApiError(
    'DatabaseUnavailableException',
    error instanceof Error ? error.message : String(error),
  );
}
