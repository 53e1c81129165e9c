import type { BoundStatement } from './bind-parameters.ts';
import type { Connections, RawResult, RunOptions, Target } from './connections.ts';
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
  options: RunOptions,
): Promise<RawResult> {
  const client = await connections.take(target);
  try {
    const result = await connections.run(client, statement, options);
    connections.giveBack(client, hasLeftTraces(result, statement));
    return result;
  } catch (error) {
    // A connection whose statement may still run, or that is broken, must not serve the next caller.
    connections.giveBack(client, error instanceof DataApiError && error.name !== 'DatabaseErrorException');
    throw error;
  }
}

/** Commands that leave nothing of theirs in the session. */
const TRACELESS: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE']);
/** Functions by which even a `select` changes its session. */
const SESSION_FUNCTION = /set_config|advisory_lock|setseed|dblink/i;

/**
 * Nothing of a call may reach the next: a `begin` would leave the next caller's writes uncommitted, a `set` change what
 * they mean.
 */
function hasLeftTraces(result: RawResult, statement: BoundStatement): boolean {
  return !TRACELESS.has(result.command) || SESSION_FUNCTION.test(statement.text);
}
