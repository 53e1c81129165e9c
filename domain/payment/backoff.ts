/** The first retry comes within two seconds: most refused connections are a restart that lasts no longer. */
const BASE_SECONDS = 2;
/** Doubling stops at ten minutes: past it waiting longer saves little and keeps a recovered PSP idle. */
const CAP_SECONDS = 600;
/** A PSP may ask for patience; more than a day is taken for a mistake of its own. */
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
 * What a rate-limited instruction waits at least, in whole seconds: what the PSP asked for, else a second. It needs no
 * backoff of its own: the limiter of the PSP's account paces whatever comes.
 */
export function rateLimitSeconds(retryAfterSeconds: number | undefined): number {
  return Math.min(RETRY_AFTER_CAP_SECONDS, Math.max(1, Math.ceil(retryAfterSeconds ?? 1)));
}

/**
 * Waits past this are parked in the database rather than held in the queue, which stalls at 120,000 messages in
 * flight (rule 9). Two minutes is the longest that the relay's minute may be added to without being felt.
 */
export const PARK_PAST_SECONDS = 120;

export function isParked(waitSeconds: number): boolean {
  return waitSeconds > PARK_PAST_SECONDS;
}
