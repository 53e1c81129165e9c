import { rateLimited } from './behaviours.ts';
import type { Random } from './chance.ts';
import type { CallWindow } from './record.ts';
import type { Reply } from './reply.ts';
import type { Settings } from './switches.ts';

/**
 * The answer to a call that the switches limit, undefined for one that they let through. Calls of all kinds count, those that
 * are limited too.
 *
 * @param now milliseconds since the epoch
 * @param countCall counts a call in a window of time, and tells how many there are in it with this one
 */
export async function rateLimitOf(
  settings: Settings,
  now: number,
  random: Random,
  countCall: (window: CallWindow) => Promise<number>,
): Promise<Reply | undefined> {
  const {
    rate_limited_rate: share,
    rate_limit_per_second: perSecond,
    retry_after_seconds: seconds,
  } = settings;
  if (share > 0 && random() < share) return rateLimited(seconds);
  if (perSecond === 0) return undefined;
  const { window, calls } = allowedBy(perSecond, now);
  return (await countCall(window)) > calls ? rateLimited(seconds) : undefined;
}

/** So many calls in each second; less than one in a second is one in as many seconds. */
function allowedBy(perSecond: number, now: number): { readonly window: CallWindow; readonly calls: number } {
  const windowMs = Math.max(1_000, Math.ceil(1_000 / perSecond));
  const startedAt = now - (now % windowMs);
  return {
    window: { startedAt, endsAt: startedAt + windowMs },
    calls: Math.max(1, Math.floor((perSecond * windowMs) / 1_000)),
  };
}
