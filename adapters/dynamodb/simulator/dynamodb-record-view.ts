import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { Call, CallCounts, ChargeFilter, ListedCharge, RecordView } from '../../../simulator/record.ts';
import { Calls } from './calls.ts';
import { KeyHistory } from './key-history.ts';
import { listOpenCharges } from './open-charges.ts';
import { type ChargeList, isPlace, listedAs, listOf } from './places.ts';
import { References } from './references.ts';
import type { SimulatorTable } from './simulator-table.ts';

/**
 * The record for people. Queries by reference are consistent; lists and sums of all use an index, which shows a charge only
 * after a short delay.
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
      listsOf(filter).map(async (list) =>
        list === 'open' ? (await this.open(filter)).length : this.table.count(listedAs(this.psp, list)),
      ),
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
      listsOf(filter).map(async (list) => {
        if (list === 'open') return this.open(filter);
        const items = await this.table.latest(listedAs(this.psp, list), limit, after);
        return items.flatMap((item) => this.history.listedChargeOf(item) ?? []);
      }),
    );
    return pages.flat();
  }

  private async open(filter: ChargeFilter): Promise<readonly ListedCharge[]> {
    const open = await listOpenCharges(this.table, this.psp, this.history);
    return open.filter(({ charge }) => filter.status === undefined || charge.status === filter.status);
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

const ALL: readonly ChargeList[] = ['open', 'succeeded', 'declined', 'expired', 'invalidated'];

function listsOf({ status }: ChargeFilter): readonly ChargeList[] {
  return status === undefined ? ALL : [listOf(status)];
}
