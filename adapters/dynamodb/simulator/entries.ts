import * as z from 'zod/mini';
import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { Change, Entry, EntryPage, EntryPeriod } from '../../../simulator/record.ts';
import type { KeyHistory } from './key-history.ts';
import { beginningOf, isPlace, listedAs, listingOf, placeOf } from './places.ts';
import type { SimulatorTable } from './simulator-table.ts';

const entrySchema = z.object({ chargeId: z.string(), idempotencyKey: z.string(), completedAt: z.int() });

/**
 * Which charges of one simulated PSP succeeded when. An item only says where to look: it is written before the charge
 * succeeds, so that none is missing, and is shown only once the charge has.
 */
export class Entries {
  private readonly table: SimulatorTable;
  private readonly psp: SimulatedPspName;
  private readonly history: KeyHistory;

  constructor(table: SimulatorTable, psp: SimulatedPspName, history: KeyHistory) {
    this.table = table;
    this.psp = psp;
    this.history = history;
  }

  /** Called before a change is recorded. Another call may still come first, or this one crash: the last attempt's time counts. */
  async note({ charge, at }: Change, callId: string): Promise<void> {
    if (charge.status !== 'succeeded') return;
    const { id: chargeId, idempotencyKey } = charge;
    await this.table.put({
      pk: `entry#${this.psp}#${chargeId}`,
      sk: 'entry',
      content: { chargeId, idempotencyKey, completedAt: at },
      listing: listingOf(this.psp, 'entry', placeOf({ at, callId })),
    });
  }

  async list({ from, to }: EntryPeriod, limit: number, after?: string): Promise<EntryPage | undefined> {
    if (after !== undefined && !isPlace(after)) return undefined;
    // Behind the place itself and before any other.
    const first = after === undefined ? beginningOf(from) : `${after}!`;
    const end = beginningOf(to);
    const items = first > end ? [] : await this.table.between(listedAs(this.psp, 'entry'), first, end, limit);
    const entries = await Promise.all(items.map(({ content }) => this.entryOf(content)));
    return {
      entries: entries.filter((entry) => entry !== undefined),
      next: items.length === limit ? items.at(-1)?.place : undefined,
    };
  }

  private async entryOf(content: unknown): Promise<Entry | undefined> {
    const { chargeId, idempotencyKey, completedAt } = entrySchema.parse(content);
    const charges = this.history.chargesOf(idempotencyKey, await this.history.read(idempotencyKey));
    const charge = charges.find(({ charge: { id } }) => id === chargeId)?.charge;
    return charge?.status === 'succeeded' ? { charge, completedAt } : undefined;
  }
}
