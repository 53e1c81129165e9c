import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import { isOpen } from '../../../simulator/charge-status.ts';
import type { ListedCharge } from '../../../simulator/record.ts';
import type { KeyHistory } from './key-history.ts';
import { listedAs } from './places.ts';
import type { SimulatorTable } from './simulator-table.ts';

/** Open charges end within a day, and a stage without real money has fewer than this. */
const MOST = 1_000;

/**
 * The open charges. The index lists each by the event that set its state. A writer that crashed after a newer event has
 * left the older one in the index: such an entry is removed here.
 */
export async function listOpenCharges(
  table: SimulatorTable,
  psp: SimulatedPspName,
  history: KeyHistory,
): Promise<readonly ListedCharge[]> {
  const listed = await table.latest(listedAs(psp, 'open'), MOST, undefined);
  const found = await Promise.all(
    listed.map(async (item) => {
      const stated = history.listedChargeOf(item);
      if (stated === undefined) return [];
      const { id, idempotencyKey } = stated.charge;
      const events = await history.read(idempotencyKey);
      const now = history.chargesOf(idempotencyKey, events).find(({ charge }) => charge.id === id);
      const seq = Number(item.sk);
      const event = events[seq - 1];
      if (now === undefined || event === undefined) return [];
      if (now.statedBy === seq && isOpen(now.charge.status)) return [now];
      await history.unlist(idempotencyKey, seq, event);
      return [];
    }),
  );
  return found.flat();
}
