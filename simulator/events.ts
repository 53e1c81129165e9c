import type { Random } from './chance.ts';
import type { PageUrl } from './charge-json.ts';
import type { Moment } from './charges.ts';
import { type Delivery, type EventLog, eventOf, isDelivered, isSuccess, type PspEvent } from './event.ts';
import type { Change } from './record.ts';
import type { Settings } from './switches.ts';
import { SIGNATURE_HEADER, signatureOf } from './webhook-signature.ts';

/** What came of one HTTP request to the receiver. */
export type Sent = Pick<Delivery, 'status' | 'error'>;

/** Sends webhooks over HTTP. */
export interface WebhookSender {
  /** Why this host sends nothing to the URL; undefined if it does. */
  refusalOf(url: string): string | undefined;
  /** Never throws: no answer is a result, too. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Sent>;
}

export interface EventsOptions {
  readonly psp: string;
  readonly log: EventLog;
  readonly sender: WebhookSender;
  readonly random: Random;
  readonly pageUrl: PageUrl;
  /** The signing secret of this version. */
  readonly secretOf: (version: number) => Promise<string>;
  /** Milliseconds since the epoch, when an attempt begins and ends. */
  readonly now: () => number;
}

/** Waits between attempts: six attempts within 13 minutes, where a real PSP goes on for days. */
const BACKOFF_MS: readonly number[] = [1_000, 5_000, 30_000, 120_000, 600_000];
/** How long a reordered event is held back. Later events of the same charge overtake it. */
const HELD_BACK_MS = 3_000;

/** The events of one simulated PSP: recorded per change of a charge, signed, and sent to the webhook URL. */
export class Events {
  private readonly options: EventsOptions;
  /** The attempts under way: those of one event follow each other. */
  private readonly attempts = new Map<string, Promise<unknown>>();

  constructor(options: EventsOptions) {
    this.options = options;
  }

  /** Plans the events of these changes, with the faults that the switches ask for. Without a webhook URL, there are none. */
  async record(changes: readonly Change[], { now, switches }: Moment): Promise<readonly PspEvent[]> {
    const { settings } = switches;
    if (settings.webhook_url === null) return [];
    const events = changes.flatMap((change) => this.eventsOf(change, settings, now));
    for (const event of events) await this.options.log.put(event);
    return events;
  }

  /**
   * Sends an event once, and again if it is to be repeated.
   *
   * @returns the event with its deliveries and its next attempt; undefined if there is no such event
   */
  async attempt(id: string, settings: Settings): Promise<PspEvent | undefined> {
    const earlier = this.attempts.get(id);
    const attempt = (earlier ?? Promise.resolve()).then(() => this.attemptAlone(id, settings));
    const ended = attempt.catch(() => {});
    this.attempts.set(id, ended);
    try {
      return await attempt;
    } finally {
      if (this.attempts.get(id) === ended) this.attempts.delete(id);
    }
  }

  private async attemptAlone(id: string, settings: Settings): Promise<PspEvent | undefined> {
    const event = await this.options.log.get(id);
    if (event === undefined) return undefined;
    const sendings = 1 + (isDelivered(event) ? 0 : event.repeats);
    const made: Delivery[] = [];
    while (made.length < sendings) {
      const delivery = await this.send(event.body, settings);
      made.push(delivery);
      if (!isSuccess(delivery)) break;
    }
    const all = [...event.deliveries, ...made];
    const waitMs = all.some(isSuccess) ? undefined : BACKOFF_MS[all.length - 1];
    const nextAttemptAt = waitMs === undefined ? null : this.options.now() + waitMs;
    const after = { ...event, deliveries: all, nextAttemptAt };
    await this.options.log.put(after);
    return after;
  }

  private eventsOf(change: Change, settings: Settings, now: number): readonly PspEvent[] {
    const { psp, pageUrl } = this.options;
    const twins = this.happens(settings.event_twin_rate) ? [false, true] : [false];
    return twins.map((twin) => {
      const isLost = this.happens(settings.event_loss_rate);
      const heldBackMs = this.happens(settings.event_reorder_rate) ? HELD_BACK_MS : 0;
      return {
        ...eventOf(change, psp, pageUrl, twin),
        repeats: this.happens(settings.event_duplicate_rate) ? 1 : 0,
        isLost,
        nextAttemptAt: isLost ? null : now + settings.event_delay_ms + heldBackMs,
      };
    });
  }

  /** Rolls only for faults that are switched on. */
  private happens(rate: number): boolean {
    return rate > 0 && this.options.random() < rate;
  }

  private async send(body: string, settings: Settings): Promise<Delivery> {
    const { sender, now } = this.options;
    const at = now();
    const url = settings.webhook_url;
    const refusal = url === null ? 'there is no webhook URL' : sender.refusalOf(url);
    if (url === null || refusal !== undefined) return { at, status: null, error: refusal ?? null };
    const versions = settings.webhook_secret_versions;
    const secrets = await Promise.all(versions.map((version) => this.options.secretOf(version)));
    const headers = {
      'content-type': 'application/json',
      [SIGNATURE_HEADER.toLowerCase()]: signatureOf(secrets, body, at),
    };
    return { at, ...(await sender.post(url, headers, body)) };
  }
}
