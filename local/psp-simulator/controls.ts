import * as z from 'zod';

/** A day: a switch that was forgotten has gone back by the next morning. */
const MAX_SECONDS = 24 * 3600;
/** Twice the longest that a caller of a PSP can wait. */
const MAX_LATENCY_MS = 60_000;

/** A change of the switches. Seconds may be fractions; 0 ends what is under way. */
export const controlChange = z.strictObject({
  down_for_seconds: z.number().min(0).max(MAX_SECONDS).optional(),
  reject_key_for_seconds: z.number().min(0).max(MAX_SECONDS).optional(),
  deduplicate: z.boolean().optional(),
  latency_ms: z.int().min(0).max(MAX_LATENCY_MS).optional(),
});

export type ControlChange = z.infer<typeof controlChange>;

/**
 * The switches of one simulated PSP. They live as long as the process: a PSP that starts is up, takes the key and
 * deduplicates.
 */
export class Controls {
  deduplicates = true;
  latencyMs = 0;
  private keyRejectedUntil = 0;
  private downUntil = 0;

  /** @param now milliseconds since the epoch */
  apply(change: ControlChange, now: number): void {
    if (change.deduplicate !== undefined) this.deduplicates = change.deduplicate;
    if (change.latency_ms !== undefined) this.latencyMs = change.latency_ms;
    if (change.reject_key_for_seconds !== undefined) {
      this.keyRejectedUntil = now + change.reject_key_for_seconds * 1000;
    }
    if (change.down_for_seconds !== undefined) this.downUntil = now + change.down_for_seconds * 1000;
  }

  rejectsKey(now: number): boolean {
    return now < this.keyRejectedUntil;
  }

  /** As they stand, in the words of a change: posting them back changes nothing. */
  settings(now: number): Required<ControlChange> {
    return {
      down_for_seconds: secondsUntil(this.downUntil, now),
      reject_key_for_seconds: secondsUntil(this.keyRejectedUntil, now),
      deduplicate: this.deduplicates,
      latency_ms: this.latencyMs,
    };
  }
}

function secondsUntil(time: number, now: number): number {
  return Math.max(0, time - now) / 1000;
}
