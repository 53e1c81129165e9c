import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { Call, CallCounts, ChargeFilter, ListedCharge, RecordView } from '../../../simulator/record.ts';
import { Calls } from './calls.ts';
import { KeyHistory } from './key-history.ts';
import { isPlace, listedAs } from './places.ts';
import { References } from './references.ts';
import type { SimulatorTable } from './simulator-table.ts';

/**
 * The record as people read it. What is asked by reference is read consistently; the lists and sums of all come from
 * an index, which shows a charge a moment after it was made.
 */
export class DynamoDbRecordView implements RecordView {
  private readonly table: SimulatorTable;
  private readonly psp: SimulatedPspName;
  private readonly history: KeyHistory;
  private readonly references: References;
  private readonly calls: Calls;

  constructor(table: SimulatorTable, psp: SimulatedPspName) {
    this.table = table;
    this.psp = psp;
    this.history = new KeyHistory(table, psp);
    this.references = new References(table, psp);
    this.calls = new Calls(table, psp);
  }

  async listCharges(
    filter: ChargeFilter,
    limit: number,
    after: string | undefined,
  ): Promise<readonly ListedCharge[] | undefined> {
    if (after !== undefined && !isPlace(after)) return undefined;
    const charges =
      filter.reference === undefined
        ? await this.latest(filter, limit, after)
        : await this.chargesOf(filter.reference, filter);
    return charges
      .filter(({ cursor }) => after === undefined || cursor < after)
      .toSorted((one, other) => (one.cursor < other.cursor ? 1 : -1))
      .slice(0, limit);
  }

  async countCharges(filter: ChargeFilter): Promise<number> {
    if (filter.reference !== undefined) return (await this.chargesOf(filter.reference, filter)).length;
    const counts = await Promise.all(
      statusesOf(filter).map((status) => this.table.count(listedAs(this.psp, status))),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  listCalls(reference: string | undefined, limit: number): Promise<readonly Call[]> {
    return this.calls.list(reference, limit);
  }

  countCalls(reference: string | undefined): Promise<CallCounts> {
    return this.calls.counts(reference);
  }

  private async latest(filter: ChargeFilter, limit: number, after: string | undefined) {
    const pages = await Promise.all(
      statusesOf(filter).map((status) => this.table.latest(listedAs(this.psp, status), limit, after)),
    );
    return pages.flat().flatMap((item) => this.history.listedChargeOf(item) ?? []);
  }

  private async chargesOf(reference: string, filter: ChargeFilter): Promise<readonly ListedCharge[]> {
    const keys = await this.references.keysOf(reference);
    const charges = await Promise.all(
      keys.map(async (key) => this.history.chargesOf(key, await this.history.read(key))),
    );
    return charges
      .flat()
      .filter(({ charge }) => charge.reference === reference)
      .filter(({ charge }) => filter.status === undefined || charge.status === filter.status);
  }
}

function statusesOf({ status }: ChargeFilter) {
  return status === undefined ? (['succeeded', 'declined'] as const) : [status];
}
