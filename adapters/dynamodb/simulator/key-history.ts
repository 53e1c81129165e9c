import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { KnownOfKey, ListedCharge } from '../../../simulator/record.ts';
import { listingOf, placeOf } from './places.ts';
import type { SimulatorTable, StoredItem } from './simulator-table.ts';

const chargeSchema = z.object({
  reference: z.string(),
  idempotencyKey: z.string(),
  request: z.string(),
  amount: z.int(),
  currency: z.string(),
  status: z.enum(['succeeded', 'declined']),
  declineCode: z.nullable(z.string()),
  createdAt: z.int(),
});

/** What one call made happen under a key. */
const eventSchema = z.object({
  /** Whose doing it was: a caller whose write was answered by nobody recognises its own. */
  callId: z.string(),
  /** Milliseconds since the epoch. */
  at: z.int(),
  charge: z.optional(chargeSchema),
  invalidates: z.optional(z.literal(true)),
  storesError: z.optional(z.literal(true)),
});
export type KeyEvent = z.infer<typeof eventSchema>;

const SEQ_DIGITS = 10;

/**
 * What happened under one idempotency key, an item for each event, numbered from 1. An event is written only where its
 * number is free: whoever decided on an older history is told so, and decides again. So a charge and a invalidation of
 * one key come one after the other, without a transaction.
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

  /** @returns whether it stands as event number `seq`: false where another call's does */
  async append(idempotencyKey: string, seq: number, event: KeyEvent): Promise<boolean> {
    const pk = this.pk(idempotencyKey);
    const sk = String(seq).padStart(SEQ_DIGITS, '0');
    const { charge } = event;
    const listing =
      charge === undefined ? {} : { listing: listingOf(this.psp, charge.status, placeOf(event)) };
    if (await this.table.putNew({ pk, sk, content: event, ...listing })) return true;
    // The client repeats a write whose answer was lost: then it is its own event that stands in the way.
    const standing = eventSchema.safeParse(await this.table.get(pk, sk));
    return standing.data?.callId === event.callId;
  }

  /** Oldest first. */
  chargesOf(idempotencyKey: string, events: readonly KeyEvent[]): readonly ListedCharge[] {
    return events.flatMap((event, index) => {
      if (event.charge === undefined) return [];
      const id = this.chargeId(idempotencyKey, index + 1);
      return [{ charge: { ...event.charge, id }, cursor: placeOf(event) }];
    });
  }

  knownOf(idempotencyKey: string, events: readonly KeyEvent[]): Omit<KnownOfKey, 'faultySends'> {
    return {
      isInvalidated: events.some(({ invalidates }) => invalidates === true),
      errorStoredAt: events.findLast(({ storesError }) => storesError === true)?.at,
      charges: this.chargesOf(idempotencyKey, events).map(({ charge }) => charge),
    };
  }

  /** The charge of a listed event. */
  listedChargeOf({ sk, content, place }: StoredItem): ListedCharge | undefined {
    const { charge } = eventSchema.parse(content);
    if (charge === undefined) return undefined;
    return { charge: { ...charge, id: this.chargeId(charge.idempotencyKey, Number(sk)) }, cursor: place };
  }

  chargeId(idempotencyKey: string, seq: number): string {
    const digest = createHash('sha256').update(`${this.psp}#${idempotencyKey}#${seq}`).digest('hex');
    return `ch_${digest.slice(0, 24)}`;
  }

  private pk(idempotencyKey: string): string {
    return `key#${this.psp}#${idempotencyKey}`;
  }
}
