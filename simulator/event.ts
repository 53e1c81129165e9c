import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { type PageUrl, shownCharge } from './charge-json.ts';
import type { Change } from './record.ts';

/** An event of a simulated PSP, and what became of it. */
export const pspEvent = z.object({
  id: z.string(),
  type: z.string(),
  chargeId: z.string(),
  reference: z.string(),
  /** Milliseconds since the epoch. */
  createdAt: z.int(),
  /** The bytes that are sent and signed, the same in each attempt. */
  body: z.string(),
  /** How often a successful delivery is repeated. */
  repeats: z.int(),
  /** Dropped by a switch: it is sent only on demand. */
  isLost: z.boolean(),
  /** The attempts to deliver it. */
  deliveries: z.array(
    z.object({
      /** Milliseconds since the epoch. */
      at: z.int(),
      /** The receiver's HTTP status; null if there was no answer. */
      status: z.nullable(z.int()),
      /** Why there was no answer. */
      error: z.nullable(z.string()),
    }),
  ),
  /** Milliseconds since the epoch; null if no attempt is planned. */
  nextAttemptAt: z.nullable(z.int()),
});
export type PspEvent = Readonly<z.infer<typeof pspEvent>>;
export type Delivery = PspEvent['deliveries'][number];

/** The durable list of one PSP's events. */
export interface EventLog {
  /** An event of the same id is overwritten. */
  put(event: PspEvent): Promise<void>;
  get(id: string): Promise<PspEvent | undefined>;
}

/** The same list, for people and tests. */
export interface EventView {
  /** Newest first. */
  list(limit: number): Promise<readonly PspEvent[]>;
}

export function isDelivered({ deliveries }: PspEvent): boolean {
  return deliveries.some(isSuccess);
}

export function isSuccess({ status }: Delivery): boolean {
  return status !== null && status >= 200 && status < 300;
}

/**
 * The event of a change, as not yet planned.
 *
 * @param twin whether it is a second event of the same change, which has another id
 */
export function eventOf({ charge, at }: Change, psp: string, pageUrl: PageUrl, twin: boolean): PspEvent {
  const id = eventId([psp, charge.id, charge.status, String(at), String(twin)]);
  const type = `charge.${charge.status}`;
  const created = new Date(at).toISOString();
  return {
    id,
    type,
    chargeId: charge.id,
    reference: charge.reference,
    createdAt: at,
    body: JSON.stringify({ id, type, created, data: { charge: shownCharge(charge, pageUrl) } }),
    repeats: 0,
    isLost: false,
    deliveries: [],
    nextAttemptAt: null,
  };
}

/** Derived from the change, so that an event that is recorded twice is one event. */
function eventId(parts: readonly string[]): string {
  return `evt_${createHash('sha256').update(parts.join('#')).digest('hex').slice(0, 24)}`;
}

/** An event for the control address. */
export function eventJson(event: PspEvent, psp: string) {
  return {
    psp,
    id: event.id,
    type: event.type,
    charge: event.chargeId,
    reference: event.reference,
    created: new Date(event.createdAt).toISOString(),
    delivered: isDelivered(event),
    lost: event.isLost,
    next_attempt_at: event.nextAttemptAt === null ? null : new Date(event.nextAttemptAt).toISOString(),
    deliveries: event.deliveries.map(({ at, status, error }) => ({
      at: new Date(at).toISOString(),
      status,
      ...(error === null ? {} : { error }),
    })),
  };
}
