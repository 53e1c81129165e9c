import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import { type EventLog, type EventView, type PspEvent, pspEvent } from '../../../simulator/event.ts';
import { listedAs, listingOf, placeOf } from './places.ts';
import type { SimulatorTable } from './simulator-table.ts';

/** As long as calls. */
const KEPT_SECONDS = 30 * 24 * 3600;

/** The events of one simulated PSP in the last thirty days. The list may miss those of the last second. */
export class DynamoDbEventLog implements EventLog, EventView {
  private readonly table: SimulatorTable;
  private readonly psp: SimulatedPspName;

  constructor(table: SimulatorTable, psp: SimulatedPspName) {
    this.table = table;
    this.psp = psp;
  }

  async put(event: PspEvent): Promise<void> {
    await this.table.put({
      pk: this.pk(event.id),
      sk: 'event',
      content: event,
      listing: listingOf(this.psp, 'event', placeOf({ at: event.createdAt, callId: event.id })),
      expiresAt: Math.floor(event.createdAt / 1000) + KEPT_SECONDS,
    });
  }

  async get(id: string): Promise<PspEvent | undefined> {
    const content = await this.table.get(this.pk(id), 'event');
    return content === undefined ? undefined : pspEvent.parse(content);
  }

  async list(limit: number): Promise<readonly PspEvent[]> {
    const items = await this.table.latest(listedAs(this.psp, 'event'), limit, undefined);
    return items.map(({ content }) => pspEvent.parse(content));
  }

  private pk(id: string): string {
    return `event#${this.psp}#${id}`;
  }
}
