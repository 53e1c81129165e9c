/** The first retry comes within two seconds: most refused connections are a restart that lasts no longer. */
const BASE_SECONDS = 2;
/** Doubling stops at ten minutes: longer waits save little and keep a recovered PSP idle. */
const CAP_SECONDS = 600;
/** A `Retry-After` of more than a day is treated as the PSP's mistake. */
const RETRY_AFTER_CAP_SECONDS = 24 * 3600;

/**
 * Exponential backoff with full jitter, in whole seconds, at least 1.
 *
 * @param attemptNo the attempt that has just failed, from 1
 * @param random a number in [0, 1)
 */
export function backoffSeconds(attemptNo: number, random: number): number {
  const ceiling = Math.min(CAP_SECONDS, BASE_SECONDS * 2 ** Math.min(attemptNo, 30));
  return Math.max(1, Math.ceil(ceiling * random));
}

/**
 * The minimum wait of a rate-limited instruction, in whole seconds: the PSP's `Retry-After`, else one second. It needs no
 * backoff, since the limiter of the PSP's account paces all calls.
 */
export function rateLimitSeconds(retryAfterSeconds: number | undefined): number {
  return Math.min(RETRY_AFTER_CAP_SECONDS, Math.max(1, Math.ceil(retryAfterSeconds ?? 1)));
}

/** The first look-up of what waits; a relay run a minute makes earlier ones pointless. */
const POLL_BASE_SECONDS = 30;
const POLL_CAP_SECONDS = 600;

/**
 * How long what waits for the buyer or the PSP is left alone, in whole seconds: doubling, since events and the buyer's return
 * tell almost everything sooner.
 *
 * @param attemptNo the attempt that has just found it waiting, from 1
 * @param pollAfterSeconds the least that the PSP asks for
 */
export function pollSeconds(attemptNo: number, pollAfterSeconds = 0): number {
  const doubled = POLL_BASE_SECONDS * 2 ** Math.min(attemptNo - 1, 30);
  return Math.max(Math.ceil(pollAfterSeconds), Math.min(POLL_CAP_SECONDS, doubled));
}

/**
 * Longer waits are parked in the database instead of the queue, which stalls at 120,000 messages in flight (rule 9). The
 * relay adds up to a minute to a parked wait, which is acceptable for waits of more than two minutes.
 */
export const PARK_PAST_SECONDS = 120;

export function isParked(waitSeconds: number): boolean {
  return waitSeconds > PARK_PAST_SECONDS;
}
