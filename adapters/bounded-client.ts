import { TIMING } from '../domain/payment/timing.ts';
import { Sha256 } from './sha256.ts';
import { within } from './within.ts';

const DEADLINE_MS = TIMING.requestDeadlineSeconds * 1_000;

/**
 * How the executor's clients of DynamoDB and SQS are set up. One repeat, within the same deadline: for a kept connection
 * that has died while the environment slept, or a server error, which both fail at once. What is slow is not asked twice:
 * every request here may fail, and its message comes again.
 */
export const BOUNDED_CLIENT = {
  // Nothing is added to the clients later; resolving their steps anew for each call costs a tenth of the call.
  cacheMiddleware: true,
  sha256: Sha256,
  maxAttempts: 2,
  requestHandler: {
    connectionTimeout: DEADLINE_MS,
    requestTimeout: DEADLINE_MS,
    throwOnRequestTimeout: true,
    socketTimeout: DEADLINE_MS,
  },
} as const;

/** One request of such a client, its repeat included, within the time that the protocol's inequalities count for it. */
export function inRequestTime<T>(request: Promise<T>): Promise<T> {
  return within(DEADLINE_MS, request);
}
