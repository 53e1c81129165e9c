import * as z from 'zod';

/** A day: a switch that was forgotten has gone back by the next morning. */
const MAX_SECONDS = 24 * 3600;
/** Six times the longest that a caller of a PSP can wait. */
export const MAX_DELAY_MS = 60_000;

const seconds = z.number().min(0).max(MAX_SECONDS);
const milliseconds = z.int().min(0).max(MAX_DELAY_MS);
const share = z.number().min(0).max(1);

/** A change of the switches. Seconds may be fractions; 0 ends what is under way. */
export const controlChange = z.strictObject({
  /** Refuses connections. */
  down_for_seconds: seconds.optional(),
  reject_key_for_seconds: seconds.optional(),
  deduplicate: z.boolean().optional(),
  latency_ms: milliseconds.optional(),
  /** Log-normal, on top of `latency_ms`; null ends it. */
  latency: z
    .strictObject({ median_ms: milliseconds, sigma: z.number().min(0).max(3) })
    .nullable()
    .optional(),
  /** Of sends, how many never get an answer, charged or not by the toss of a coin. */
  hang_rate: share.optional(),
  /** Of sends, how many are answered with 500, charged or not by the toss of a coin. */
  server_error_rate: share.optional(),
  /**
   * A charge is carried out so long after its request came, also when the caller has gone (Z). Cancellations aren't
   * held up: whether they come before a late charge or after it is the question.
   */
  landing_delay_ms: milliseconds.optional(),
  /** Look-ups show a charge so long after it was made (W). */
  visible_after_ms: milliseconds.optional(),
  /** Keys are forgotten after this (K); a cancelled one never is. */
  key_lifetime_ms: z
    .int()
    .min(0)
    .max(MAX_SECONDS * 1000)
    .optional(),
  /** A 500 is stored under its key, and replayed for as long as the key is remembered and this is on. */
  replay_server_errors: z.boolean().optional(),
  look_up: z.boolean().optional(),
  cancel: z.boolean().optional(),
});

export type ControlChange = z.infer<typeof controlChange>;
type Setting = Exclude<keyof ControlChange, 'down_for_seconds' | 'reject_key_for_seconds'>;
/** How the switches stand that aren't over by themselves. */
export type Settings = { readonly [Name in Setting]: Exclude<ControlChange[Name], undefined> };

/** A charge can be looked up after half of what is promised, so that nobody's clock can break the promise. */
const LOOK_UP_LAG_MS = 500;

const INITIAL: Settings = {
  deduplicate: true,
  latency_ms: 0,
  latency: null,
  hang_rate: 0,
  server_error_rate: 0,
  landing_delay_ms: 0,
  visible_after_ms: LOOK_UP_LAG_MS,
  // A day, as is usual.
  key_lifetime_ms: 24 * 3600 * 1000,
  replay_server_errors: false,
  look_up: true,
  cancel: true,
};

/**
 * The switches of one simulated PSP. They live as long as the process: a PSP that starts is up, takes the key and
 * does all that it promises.
 */
export class Controls {
  private values: Settings = INITIAL;
  private keyRejectedUntil = 0;
  private downUntil = 0;

  get current(): Settings {
    return this.values;
  }

  /** @param now milliseconds since the epoch */
  apply(change: ControlChange, now: number): void {
    const { down_for_seconds, reject_key_for_seconds, ...settings } = change;
    const given = Object.entries(settings).filter(([, value]) => value !== undefined);
    this.values = { ...this.values, ...Object.fromEntries(given) };
    if (reject_key_for_seconds !== undefined) this.keyRejectedUntil = now + reject_key_for_seconds * 1000;
    if (down_for_seconds !== undefined) this.downUntil = now + down_for_seconds * 1000;
  }

  reset(): void {
    this.values = INITIAL;
    this.keyRejectedUntil = 0;
    this.downUntil = 0;
  }

  rejectsKey(now: number): boolean {
    return now < this.keyRejectedUntil;
  }

  /** As they stand, in the words of a change: posting them back changes nothing. */
  settings(now: number): Required<ControlChange> {
    return {
      down_for_seconds: secondsUntil(this.downUntil, now),
      reject_key_for_seconds: secondsUntil(this.keyRejectedUntil, now),
      ...this.values,
    };
  }
}

function secondsUntil(time: number, now: number): number {
  return Math.max(0, time - now) / 1000;
}
