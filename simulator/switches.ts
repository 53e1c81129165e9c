import * as z from 'zod/mini';

/** A day: a forgotten switch is reset by the next morning. */
const MAX_SECONDS = 24 * 3600;
/** Six times the longest wait of a PSP's caller. */
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
const longMilliseconds = wholeMilliseconds(MAX_SECONDS * 1000);
const share = z
  .number(between(1, 'a share'))
  .check(z.minimum(0, between(1, 'a share')), z.maximum(1, between(1, 'a share')));
const sigma = z
  .number(between(3, 'a number'))
  .check(z.minimum(0, between(3, 'a number')), z.maximum(3, between(3, 'a number')));
/** A limit above this is none. */
const MAX_CALLS_PER_SECOND = 10_000;
const callsPerSecond = z
  .number(between(MAX_CALLS_PER_SECOND, 'a number'))
  .check(
    z.minimum(0, between(MAX_CALLS_PER_SECOND, 'a number')),
    z.maximum(MAX_CALLS_PER_SECOND, between(MAX_CALLS_PER_SECOND, 'a number')),
  );
const wholeSeconds = z
  .int(between(MAX_SECONDS, 'whole seconds'))
  .check(
    z.minimum(0, between(MAX_SECONDS, 'whole seconds')),
    z.maximum(MAX_SECONDS, between(MAX_SECONDS, 'whole seconds')),
  );
/** Ninety days: some PSPs hold the money of new merchants back for so long. */
const MAX_SETTLEMENT_SECONDS = 90 * 24 * 3600;
const flag = z.boolean({ error: 'It takes true or false.' });

const MAX_URL_LENGTH = 2_000;
const webhookUrl = z.nullable(
  z
    .string('It takes a URL or null.')
    .check(z.maxLength(MAX_URL_LENGTH, `It takes at most ${MAX_URL_LENGTH} characters.`)),
);
const versionsError = 'It takes a list of one or two versions, whole numbers from 1 to 1000.';
const secretVersions = z
  .array(
    z.int(versionsError).check(z.minimum(1, versionsError), z.maximum(1_000, versionsError)),
    versionsError,
  )
  .check(z.minLength(1, versionsError), z.maxLength(2, versionsError));

const settingsShape = {
  deduplicate: flag,
  latency_ms: milliseconds,
  /** Log-normal, on top of `latency_ms`; null ends it. */
  latency: z.nullable(z.strictObject({ median_ms: milliseconds, sigma })),
  /** The share of sends that are never answered; half of them charge. */
  hang_rate: share,
  /** The share of sends that are answered with 500; half of them charge. */
  server_error_rate: share,
  /** The share of calls of any kind that are answered with 429. */
  rate_limited_rate: share,
  /** So many calls of any kind are answered in a second, the rest with 429; 0 ends it. */
  rate_limit_per_second: callsPerSecond,
  /** What those 429s ask for; 0: they don't say. */
  retry_after_seconds: wholeSeconds,
  /**
   * How long after its request a charge is carried out, even if the caller has gone (Z). Invalidations are not delayed, so
   * that they can come before a late charge or after it.
   */
  landing_delay_ms: milliseconds,
  /** How long after a charge look-ups show it (W). */
  visible_after_ms: milliseconds,
  /** Keys are forgotten after this (K); an invalidated one never is. */
  key_lifetime_ms: longMilliseconds,
  /** A 500 is stored under its key, and replayed while the key is remembered and this switch is on. */
  replay_server_errors: flag,
  look_up: flag,
  invalidate: flag,
  /** The buyer's approval charges nothing: the caller has to confirm. */
  needs_confirmation: flag,
  /** How long after the approval the caller can confirm. */
  confirm_within_ms: longMilliseconds,
  /** How long a charge waits for its buyer. */
  action_lifetime_ms: longMilliseconds,
  /** A charge still waits for its buyer after a failed attempt. */
  retry_after_failed_action: flag,
  /** How long a charge is in processing. */
  processing_ms: longMilliseconds,
  /** How long after a charge its money is available, as the list of entries says. */
  settlement_delay_seconds: z
    .int(between(MAX_SETTLEMENT_SECONDS, 'whole seconds'))
    .check(
      z.minimum(0, between(MAX_SETTLEMENT_SECONDS, 'whole seconds')),
      z.maximum(MAX_SETTLEMENT_SECONDS, between(MAX_SETTLEMENT_SECONDS, 'whole seconds')),
    ),
  /** The receiver of events; null for no events. */
  webhook_url: webhookUrl,
  /** The versions of the signing secret: each adds a signature. Two during a rotation. */
  webhook_secret_versions: secretVersions,
  /** How long after a change its event is sent. */
  event_delay_ms: longMilliseconds,
  /** The share of events that are held back, so that later ones come first. */
  event_reorder_rate: share,
  /** The share of events that are sent twice. */
  event_duplicate_rate: share,
  /** The share of changes that have two events, with different ids. */
  event_twin_rate: share,
  /** The share of events that are not sent. */
  event_loss_rate: share,
  /** A call is answered only after the first attempts to deliver its events. */
  events_before_answer: flag,
};

const settings = z.object(settingsShape);

/** A change of the switches. Seconds may be fractions; 0 ends a running fault. */
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

/** The switches without an end time. */
export type Settings = Readonly<z.infer<typeof settings>>;

/** All switches of one simulated PSP; times are milliseconds since the epoch. */
export interface Switches {
  readonly settings: Settings;
  readonly keyRejectedUntil: number;
  readonly downUntil: number;
}

/** A look-up shows a charge after half of the guaranteed time, so that clock skew can't break the guarantee. */
const LOOK_UP_LAG_MS = 500;

const MINUTE_MS = 60_000;

/** A PSP that is up, accepts the key and keeps all its guarantees. */
export const INITIAL_SWITCHES: Switches = {
  settings: {
    deduplicate: true,
    latency_ms: 0,
    latency: null,
    hang_rate: 0,
    server_error_rate: 0,
    rate_limited_rate: 0,
    rate_limit_per_second: 0,
    retry_after_seconds: 0,
    landing_delay_ms: 0,
    visible_after_ms: LOOK_UP_LAG_MS,
    // A day, as is usual.
    key_lifetime_ms: 24 * 3600 * 1000,
    replay_server_errors: false,
    look_up: true,
    invalidate: true,
    needs_confirmation: false,
    confirm_within_ms: 10 * MINUTE_MS,
    action_lifetime_ms: 30 * MINUTE_MS,
    retry_after_failed_action: false,
    processing_ms: 5_000,
    // Two days, as is usual.
    settlement_delay_seconds: 2 * 24 * 3600,
    webhook_url: null,
    webhook_secret_versions: [1],
    event_delay_ms: 0,
    event_reorder_rate: 0,
    event_duplicate_rate: 0,
    event_twin_rate: 0,
    event_loss_rate: 0,
    events_before_answer: false,
  },
  keyRejectedUntil: 0,
  downUntil: 0,
};

/** Reads and changes the switches of one PSP. */
export interface SwitchBoard {
  /** What a reset brings back. */
  readonly initial: Switches;
  read(): Promise<Switches>;
  /** `change` is pure: it may be called again if another change came first. */
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

/** Their values in the format of a change: posting them back changes nothing. */
export function shownSwitches(switches: Switches, now: number): Required<SwitchChange> {
  return {
    down_for_seconds: secondsUntil(switches.downUntil, now),
    reject_key_for_seconds: secondsUntil(switches.keyRejectedUntil, now),
    ...switches.settings,
  };
}

/** @returns undefined for anything but switches, for example those of an older version */
export function parseSwitches(stored: unknown): Switches | undefined {
  return switchesSchema.safeParse(stored).data;
}

function untilOf(seconds: number | undefined, now: number): number | undefined {
  return seconds === undefined ? undefined : now + seconds * 1000;
}

function secondsUntil(time: number, now: number): number {
  return Math.max(0, time - now) / 1000;
}
