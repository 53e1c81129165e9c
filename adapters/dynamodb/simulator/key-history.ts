import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import { CHARGE_STATUSES, isOpen } from '../../../simulator/charge-status.ts';
import { invalidated } from '../../../simulator/decide-change.ts';
import type { KnownOfKey, ListedCharge } from '../../../simulator/record.ts';
import { listingOf, listOf, placeOf } from './places.ts';
import type { Listing, SimulatorTable, StoredItem } from './simulator-table.ts';

const chargeSchema = z.object({
  reference: z.string(),
  idempotencyKey: z.string(),
  request: z.string(),
  amount: z.int(),
  currency: z.string(),
  status: z.enum(CHARGE_STATUSES),
  declineCode: z.nullable(z.string()),
  createdAt: z.int(),
  dueAt: z.nullable(z.int()),
  firstDueAt: z.nullable(z.int()),
});

/** The event of one call under a key. */
const eventSchema = z.object({
  /** The id of the call: a caller whose write got no answer recognizes its own event. */
  callId: z.string(),
  /** Milliseconds since the epoch. */
  at: z.int(),
  charge: z.optional(chargeSchema),
  /** The new state of the charge of event number `seq`, whose place in lists is `place`. */
  change: z.optional(z.object({ seq: z.int(), place: z.string(), charge: chargeSchema })),
  invalidates: z.optional(z.literal(true)),
  storesError: z.optional(z.literal(true)),
});
export type KeyEvent = z.infer<typeof eventSchema>;

const SEQ_DIGITS = 10;

export interface PlacedCharge extends ListedCharge {
  /** The number of the event that created it. */
  readonly seq: number;
  /** The number of the event that set its state; the index lists the charge by it. */
  readonly statedBy: number;
}

/**
 * The events of one idempotency key, an item each, numbered from 1. An event is written only if its number is free: a call that
 * decided on an older history fails and decides again. This serializes a charge, an approval and an invalidation of one key
 * without a transaction.
 */
export class KeyHistory {
  private readonly table: SimulatorTable;
  private readonly psp: SimulatedPspName;

  constructor(table: SimulatorTable, psp: SimulatedPspName) {
    this.table = table;
    this.psp = psp;
  }

  async read(idempotencyKey: string): Promise<readonly KeyEvent[]> {
    const items = await this.table.partition(this.pk(idempotencyKey), '');
    return items.map(({ content }) => eventSchema.parse(content));
  }

  /** @returns whether it is event number `seq`; false if another call's is */
  async append(idempotencyKey: string, seq: number, event: KeyEvent): Promise<boolean> {
    const pk = this.pk(idempotencyKey);
    const sk = skOf(seq);
    const listing = this.listingFor(event);
    const isPut = await this.table.putNew({
      pk,
      sk,
      content: event,
      ...(listing === undefined ? {} : { listing }),
    });
    if (isPut) return true;
    // The client repeats a write whose answer was lost: the existing event may then be its own.
    const standing = eventSchema.safeParse(await this.table.get(pk, sk));
    return standing.data?.callId === event.callId;
  }

  /** Removes an event from the index, because its charge has a newer state. The event itself stays. */
  async unlist(idempotencyKey: string, seq: number, event: KeyEvent): Promise<void> {
    await this.table.put({ pk: this.pk(idempotencyKey), sk: skOf(seq), content: event });
  }

  /** Oldest first, in the state after the last of these events. */
  chargesOf(idempotencyKey: string, events: readonly KeyEvent[]): readonly PlacedCharge[] {
    const isInvalidated = events.some(({ invalidates }) => invalidates === true);
    return events.flatMap((event, index) => {
      if (event.charge === undefined) return [];
      const seq = index + 1;
      const changedAt = events.findLastIndex(({ change }) => change?.seq === seq);
      const last = events[changedAt]?.change?.charge ?? event.charge;
      const charge = { ...last, id: this.chargeId(idempotencyKey, seq) };
      const isClosed = isInvalidated && isOpen(charge.status);
      return [
        {
          charge: isClosed ? invalidated(charge) : charge,
          cursor: placeOf(event),
          seq,
          statedBy: changedAt === -1 ? seq : changedAt + 1,
        },
      ];
    });
  }

  knownOf(idempotencyKey: string, events: readonly KeyEvent[]): Omit<KnownOfKey, 'faultySends'> {
    return {
      isInvalidated: events.some(({ invalidates }) => invalidates === true),
      errorStoredAt: events.findLast(({ storesError }) => storesError === true)?.at,
      charges: this.chargesOf(idempotencyKey, events).map(({ charge }) => charge),
    };
  }

  /** The charge of a listed event, in the state that the event set. */
  listedChargeOf({ sk, content, place }: StoredItem): ListedCharge | undefined {
    const { charge, change } = eventSchema.parse(content);
    const stated = change?.charge ?? charge;
    if (stated === undefined) return undefined;
    const id = this.chargeId(stated.idempotencyKey, change?.seq ?? Number(sk));
    return { charge: { ...stated, id }, cursor: place };
  }

  private listingFor(event: KeyEvent): Listing | undefined {
    const stated = event.change?.charge ?? event.charge;
    if (stated === undefined) return undefined;
    return listingOf(this.psp, listOf(stated.status), event.change?.place ?? placeOf(event));
  }

  chargeId(idempotencyKey: string, seq: number): string {
    const digest = createHash('sha256').update(`${this.psp}#${idempotencyKey}#${seq}`).digest('hex');
    return `ch_${digest.slice(0, 24)}`;
  }

  private pk(idempotencyKey: string): string {
    return `key#${this.psp}#${idempotencyKey}`;
  }
}

function skOf(seq: number): string {
  return String(seq).padStart(SEQ_DIGITS, '0');
}
