import type { Database } from '../../adapters/database/database.ts';
import {
  type Gauges,
  readBalances,
  readGauges,
} from '../../adapters/database/statements/measure-pipeline.ts';
import type { Activity } from '../../adapters/dynamodb/activity.ts';
import type { Meter } from '../../adapters/metrics/meter.ts';

export interface MeasureEffects {
  readonly database: Database;
  readonly activity: Pick<Activity, 'isIdle'>;
  readonly meter: Meter;
  /** A currency whose debits and credits differ, which must never happen. */
  outOfBalance(currency: string, differenceMinor: bigint): void;
}

/**
 * Writes metrics of what only the database knows: two statements a run, for any number of payments. On a stage whose database
 * pauses, it makes no request while nothing is open; the last measurement still holds then.
 */
export async function measurePipeline(effects: MeasureEffects): Promise<{ readonly wasIdle: boolean }> {
  const wasIdle = await effects.activity.isIdle();
  if (!wasIdle) {
    measureGauges(await readGauges(effects.database), effects.meter);
    await measureBalances(effects);
  }
  effects.meter.put('MeasureRuns', 1);
  return { wasIdle };
}

function measureGauges(gauges: Gauges, meter: Meter): void {
  for (const { psp, isOpen } of gauges.circuits) meter.put('CircuitOpen', isOpen ? 1 : 0, psp);
  meter.put('OrdersUnknown', gauges.unknown.count);
  meter.put('OldestUnknown', gauges.unknown.oldestSeconds ?? 0);
  meter.put('OrdersOpen', gauges.open.count);
  meter.put('OldestOpenOrder', gauges.open.oldestSeconds ?? 0);
  meter.put('WaitingForPerson', gauges.inReview.count + gauges.quarantinedPoison);
  meter.put('LongestWaitForPerson', gauges.inReview.oldestSeconds ?? 0);
  meter.put('PausesInForce', gauges.pauses);
  meter.put('DiscrepanciesOpen', gauges.discrepancies);
  for (const { psp, ageSeconds, hasStopped } of gauges.events) {
    meter.put('NewestEventAge', ageSeconds, psp);
    meter.put('EventsStopped', hasStopped ? 1 : 0, psp);
  }
  for (const { currency, amountMinor } of gauges.unknownMoney)
    meter.put('MoneyInUnknown', Number(amountMinor), currency);
}

async function measureBalances({ database, meter, outOfBalance }: MeasureEffects): Promise<void> {
  const balances = await readBalances(database);
  const broken = balances.filter(({ differenceMinor }) => differenceMinor !== 0n);
  meter.put('CurrenciesOutOfBalance', broken.length);
  for (const { currency, differenceMinor } of balances)
    meter.put('TrialBalanceDifference', Number(differenceMinor), currency);
  meter.put(
    'CurrenciesUnallocated',
    balances.filter(({ unallocatedMinor }) => unallocatedMinor !== 0n).length,
  );
  for (const { currency, unallocatedMinor } of balances)
    meter.put('UnallocatedFunds', Number(unallocatedMinor), currency);
  for (const { currency, differenceMinor } of broken) outOfBalance(currency, differenceMinor);
}
