import { TIMING } from '../domain/payment/timing.ts';
import { Sha256 } from './sha256.ts';
import { within } from './within.ts';

const DEADLINE_MS = TIMING.requestDeadlineSeconds * 1_000;

/**
 * The settings of every function's DynamoDB and SQS clients. Without a time-out, a service that says nothing would hold a function,
 * and whoever waits for it, to its end. One retry within the same deadline: for a kept connection that broke
 * while the environment was frozen, or a server error, which both fail immediately. A slow request is not repeated: every
 * request here may fail, and its message is redelivered or sent by the relay.
 */
export const BOUNDED_CLIENT = {
  // The clients' middleware doesn't change later; resolving it again for each call costs a tenth of the call.
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

/** Makes one request of such a client, including its retry, within the time that the protocol's inequalities allow. */
export function inRequestTime<T>(request: Promise<T>): Promise<T> {
  return within(DEADLINE_MS, request);
}
