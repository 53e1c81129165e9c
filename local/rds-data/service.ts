import type { BoundStatement } from './bind-parameters.ts';
import { type Connections, type RawResult, run, type Target } from './connections.ts';
import { DataApiError } from './errors.ts';
import type { Transactions } from './transactions.ts';

/** What every action works on. */
export interface Service {
  readonly connections: Connections;
  readonly transactions: Transactions;
}

/** A statement outside any transaction: committed when it is answered. */
export async function runAlone(
  { connections }: Service,
  target: Target,
  statement: BoundStatement,
  continueAfterTimeout: boolean,
): Promise<RawResult> {
  const client = await connections.take(target);
  try {
    const result = await run(client, statement, continueAfterTimeout);
    client.release();
    return result;
  } catch (error) {
    // A connection whose statement may still run, or that is broken, must not serve the next caller.
    client.release(error instanceof DataApiError && error.name !== 'DatabaseErrorException');
    throw error;
  }
}
