import * as z from 'zod/mini';

/** A day: a switch that was forgotten has gone back by the next morning. */
const MAX_SECONDS = 24 * 3600;
/** Six times the longest that a caller of a PSP can wait. */
export const MAX_DELAY_MS = 60_000;

const between = (most: number, unit: string) => ({ error: `It takes ${unit} from 0 to ${most}.` });
const seconds = z
  .number(between(MAX_SECONDS, 'seconds'))
  .check(
    z.minimum(0, between(MAX_SECONDS, 'seconds')),
    z.maximum(MAX_SECONDS, between(MAX_SECONDS, 'seconds')),
  );
const wholeMilliseconds = (most: number) => {
  const error = between(most, 'whole milliseconds');
  return z.int(error).check(z.minimum(0, error), z.maximum(most, error));
};
const milliseconds = wholeMilliseconds(MAX_DELAY_MS);
const share = z
  .number(between(1, 'a share'))
  .check(z.minimum(0, between(1, 'a share')), z.maximum(1, between(1, 'a share')));
const sigma = z
  .number(between(3, 'a number'))
  .check(z.minimum(0, between(3, 'a number')), z.maximum(3, between(3, 'a number')));
const flag = z.boolean({ error: 'It takes true or false.' });

const settingsShape = {
  deduplicate: flag,
  latency_ms: milliseconds,
  /** Log-normal, on top of `latency_ms`; null ends it. */
  latency: z.nullable(z.strictObject({ median_ms: milliseconds, sigma })),
  /** Of sends, how many never get an answer, charged or not by the toss of a coin. */
  hang_rate: share,
  /** Of sends, how many are answered with 500, charged or not by the toss of a coin. */
  server_error_rate: share,
  /**
   * A charge is carried out so long after its request came, also when the caller has gone (Z). Invalidations aren't
   * held up: whether they come before a late charge or after it is the question.
   */
  landing_delay_ms: milliseconds,
  /** Look-ups show a charge so long after it was made (W). */
  visible_after_ms: milliseconds,
  /** Keys are forgotten after this (K); an invalidated one never is. */
  key_lifetime_ms: wholeMilliseconds(MAX_SECONDS * 1000),
  /** A 500 is stored under its key, and replayed for as long as the key is remembered and this is on. */
  replay_server_errors: flag,
  look_up: flag,
  invalidate: flag,
};

const settings = z.object(settingsShape);

/** A change of the switches. Seconds may be fractions; 0 ends what is under way. */
export const switchChange = z.partial(
  z.strictObject({
    /** Can't be reached. */
    down_for_seconds: seconds,
    reject_key_for_seconds: seconds,
    ...settingsShape,
  }),
);
export type SwitchChange = z.infer<typeof switchChange>;

const switchesSchema = z.object({
  settings: settings,
  keyRejectedUntil: z.number(),
  downUntil: z.number(),
});

/** How the switches stand that aren't over by themselves. */
export type Settings = Readonly<z.infer<typeof settings>>;

/** How all switches of one simulated PSP stand; times are milliseconds since the epoch. */
export interface Switches {
  readonly settings: Settings;
  readonly keyRejectedUntil: number;
  readonly downUntil: number;
}

/** A charge can be looked up after half of what is promised, so that nobody's clock can break the promise. */
const LOOK_UP_LAG_MS = 500;

/** A PSP that is up, takes the key and does all that it promises. */
export const INITIAL_SWITCHES: Switches = {
  settings: {
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
    invalidate: true,
  },
  keyRejectedUntil: 0,
  downUntil: 0,
};

/** Where the switches of one PSP stand, and are changed. */
export interface SwitchBoard {
  read(): Promise<Switches>;
  /** `change` is pure: it may be asked again where another change came first. */
  change(change: (before: Switches) => Switches): Promise<Switches>;
}

/** @param now milliseconds since the epoch */
export function changedSwitches(before: Switches, change: SwitchChange, now: number): Switches {
  const { down_for_seconds, reject_key_for_seconds, ...settings } = change;
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return {
    settings: { ...before.settings, ...Object.fromEntries(given) },
    keyRejectedUntil: untilOf(reject_key_for_seconds, now) ?? before.keyRejectedUntil,
    downUntil: untilOf(down_for_seconds, now) ?? before.downUntil,
  };
}

/** As they stand, in the words of a change: posting them back changes nothing. */
export function shownSwitches(switches: Switches, now: number): Required<SwitchChange> {
  return {
    down_for_seconds: secondsUntil(switches.downUntil, now),
    reject_key_for_seconds: secondsUntil(switches.keyRejectedUntil, now),
    ...switches.settings,
  };
}

/** @returns undefined for what isn't switches, those of an older version for one */
export function parseSwitches(stored: unknown): Switches | undefined {
  return switchesSchema.safeParse(stored).data;
}

function untilOf(seconds: number | undefined, now: number): number | undefined {
  return seconds === undefined ? undefined : now + seconds * 1000;
}

function secondsUntil(time: number, now: number): number {
  return Math.max(0, time - now) / 1000;
}
