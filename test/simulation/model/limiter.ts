import type { ModelLimiter } from './state.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** As `limiter_spacing_v1`: milliseconds between calls, 0 where there is no limit any more. */
export function spacingOf(limiter: ModelLimiter, now: number): number {
  const minutes = Math.floor((now - limiter.recoversFrom) / MINUTE);
  return Math.max(limiter.declared, limiter.spacing >> Math.max(0, Math.min(30, minutes)));
}

/** As `limiter_next_slot_v1`. */
export function nextSlotOf(limiter: ModelLimiter, now: number): number {
  return Math.max(limiter.nextCallAt, now - SECOND);
}

/** As `limiter_room_v1`. */
export function roomOf(limiter: ModelLimiter, now: number): number {
  const spacing = spacingOf(limiter, now);
  if (spacing === 0) return 2_147_483_647;
  return Math.max(0, Math.floor((now + 15 * SECOND - nextSlotOf(limiter, now)) / spacing) + 1);
}

/** As `limiter_after_v1`. */
export function limiterAfter(
  limiter: ModelLimiter | undefined,
  retryAfterSeconds: number,
  now: number,
): ModelLimiter {
  const silence = Math.min(retryAfterSeconds, 3_600) * SECOND;
  const before = limiter === undefined ? 0 : spacingOf(limiter, now);
  const isSameLimit = limiter !== undefined && limiter.limitedAt > now - SECOND;
  const spacing = before === 0 ? 20 : isSameLimit ? before : Math.min(before * 2, 10_000);
  return {
    declared: limiter?.declared ?? 0,
    spacing,
    limitedAt: now,
    recoversFrom: Math.max(limiter?.recoversFrom ?? 0, now + silence),
    nextCallAt: Math.max(limiter?.nextCallAt ?? 0, now + silence, now + spacing),
  };
}
