import type { BoundStatement } from './bind-parameters.ts';
import type { Connections, RawResult, RunOptions, Target } from './connections.ts';
import { DataApiError } from './errors.ts';
import type { Transactions } from './transactions.ts';

/** The parts that every action uses. */
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
    // A broken connection, or one whose statement may still run, must not be reused.
    connections.giveBack(client, error instanceof DataApiError && error.name !== 'DatabaseErrorException');
    throw error;
  }
}

/** Commands that don't change the session. */
const TRACELESS: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE']);
/** Functions with which even a `select` changes its session. */
const SESSION_FUNCTION = /set_config|advisory_lock|setseed|dblink/i;

/**
 * A call must not affect the next one: a `begin` would leave the next caller's writes uncommitted, a `set` would change
 * their meaning.
 */
function hasLeftTraces(result: RawResult, statement: BoundStatement): boolean {
  return !TRACELESS.has(result.command) || SESSION_FUNCTION.test(statement.text);
}
