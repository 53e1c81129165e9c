import * as z from 'zod/mini';
import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import { CALL_KINDS, type Call, type CallCounts } from '../../../simulator/record.ts';
import { listedAs, listingOf, placeOf } from './places.ts';
import type { SimulatorTable } from './simulator-table.ts';

const callSchema = z.object({
  kind: z.enum(CALL_KINDS),
  reference: z.nullable(z.string()),
  idempotencyKey: z.nullable(z.string()),
  status: z.nullable(z.int()),
  at: z.int(),
});

/** Calls are kept for investigations; charges and invalidations, which affect decisions, never expire. */
const KEPT_SECONDS = 30 * 24 * 3600;

/** The calls to one simulated PSP within the last thirty days. */
export class Calls {
  private readonly table: SimulatorTable;
  private readonly psp: SimulatedPspName;

  constructor(table: SimulatorTable, psp: SimulatedPspName) {
    this.table = table;
    this.psp = psp;
  }

  async add(callId: string, { kind, reference, idempotencyKey, status, at }: Call): Promise<void> {
    const place = placeOf({ at, callId });
    await this.table.put({
      pk: this.pk(reference),
      sk: place,
      content: { kind, reference, idempotencyKey, status, at },
      listing: listingOf(this.psp, kind, place),
      expiresAt: Math.floor(at / 1000) + KEPT_SECONDS,
    });
  }

  /** Newest first. */
  async list(reference: string | undefined, limit: number): Promise<readonly Call[]> {
    const items =
      reference === undefined
        ? await Promise.all(
            CALL_KINDS.map((kind) => this.table.latest(listedAs(this.psp, kind), limit, undefined)),
          )
        : [await this.table.partition(this.pk(reference), '')];
    return items
      .flat()
      .toSorted((one, other) => (one.place < other.place ? 1 : -1))
      .slice(0, limit)
      .map(({ content }) => callSchema.parse(content));
  }

  async counts(reference: string | undefined): Promise<CallCounts> {
    const [sends, confirms, lookUps, invalidations] =
      reference === undefined
        ? await Promise.all(CALL_KINDS.map((kind) => this.table.count(listedAs(this.psp, kind))))
        : await this.countsOf(reference);
    return {
      sends: sends ?? 0,
      confirms: confirms ?? 0,
      lookUps: lookUps ?? 0,
      invalidations: invalidations ?? 0,
    };
  }

  private async countsOf(reference: string): Promise<readonly number[]> {
    const items = await this.table.partition(this.pk(reference), '');
    const calls = items.map(({ content }) => callSchema.parse(content));
    return CALL_KINDS.map((kind) => calls.filter((call) => call.kind === kind).length);
  }

  private pk(reference: string | null): string {
    return `calls#${this.psp}${reference === null ? '' : `#${reference}`}`;
  }
}
