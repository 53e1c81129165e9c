import type { BookedOrder, Closing } from '../../adapters/database/statements/compare-with-psp.ts';
import { formatAmount } from '../../domain/money/currency.ts';

/** A charge in a PSP's record. */
export interface ChargeAtPsp {
  readonly id: string;
  /** The order's id. */
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
}

/** The possible differences between a PSP's record and the books. */
export const PSP_DIFFERENCES = [
  'repeated',
  'unbooked',
  'failed',
  'uncharged',
  'differing',
  'misnamed',
] as const;
export type PspDifference = (typeof PSP_DIFFERENCES)[number];

interface Found {
  readonly count: number;
  readonly examples: readonly string[];
}

/** Compares one PSP's charges with the orders in the books, page by page, and collects the differences. */
export class PspComparison {
  private readonly closings: ReadonlyMap<string, Closing>;
  private readonly expected: number;
  private readonly seen = new Set<string>();
  /** How many of the orders that succeeded without an operator have a charge. */
  private paid = 0;
  /** Orders with a charge, but not yet the charge that they name. */
  private readonly unnamed = new Map<string, { readonly charge: ChargeAtPsp; readonly order: BookedOrder }>();
  private readonly differences = new Map<PspDifference, string[]>();
  private unpaid = 0;

  /**
   * @param closings by order: closed by an operator, read before `succeeded`
   * @param succeeded how many orders succeeded, read before any charge
   */
  constructor(closings: ReadonlyMap<string, Closing>, succeeded: number) {
    this.closings = closings;
    this.expected = succeeded - this.closedAsCharged().length;
  }

  /** @param orders the charges' orders that are in the books */
  add(charges: readonly ChargeAtPsp[], orders: ReadonlyMap<string, BookedOrder>): void {
    for (const charge of charges) {
      const order = orders.get(charge.reference);
      if (this.seen.has(charge.reference)) this.meetAgain(charge, order);
      else this.meet(charge, order);
      this.seen.add(charge.reference);
    }
  }

  /** Call after all charges were added. */
  end(): void {
    for (const { charge, order } of this.unnamed.values()) {
      const names = order.psp_reference ?? 'no charge';
      this.note('misnamed', order.payment_order_id, `: it names ${names}, the PSP holds ${charge.id}`);
      this.compareMoney(charge, order);
    }
    for (const { payment_order_id } of this.closedAsCharged()) {
      if (!this.seen.has(payment_order_id)) this.note('uncharged', payment_order_id);
    }
    this.unpaid = Math.max(0, this.expected - this.paid);
  }

  found(difference: PspDifference): Found {
    const examples = this.differences.get(difference) ?? [];
    // Of orders that no operator closed only the number is known: a missing charge can't be assigned to an order.
    return { count: examples.length + (difference === 'uncharged' ? this.unpaid : 0), examples };
  }

  private meet(charge: ChargeAtPsp, order: BookedOrder | undefined): void {
    if (order === undefined) this.note('unbooked', charge.reference, `: ${taken(charge)}`);
    else if (order.status === 'FAILED') this.note('failed', charge.reference, `: ${taken(charge)}`);
    else if (order.status === 'SUCCESS') this.meetPaid(charge, order);
  }

  private meetPaid(charge: ChargeAtPsp, order: BookedOrder): void {
    if (!this.closings.has(order.payment_order_id)) this.paid += 1;
    if (order.psp_reference === charge.id) this.compareMoney(charge, order);
    else this.unnamed.set(order.payment_order_id, { charge, order });
  }

  private meetAgain(charge: ChargeAtPsp, order: BookedOrder | undefined): void {
    this.note('repeated', charge.reference, `: ${taken(charge)}`);
    if (order === undefined || order.psp_reference !== charge.id) return;
    if (this.unnamed.delete(order.payment_order_id)) this.compareMoney(charge, order);
  }

  private compareMoney(charge: ChargeAtPsp, order: BookedOrder): void {
    if (BigInt(charge.amount) === order.amount_minor && charge.currency === order.currency) return;
    const booked = formatAmount(order.amount_minor, order.currency);
    this.note('differing', order.payment_order_id, `: booked are ${booked}, ${taken(charge)}`);
  }

  private note(difference: PspDifference, orderId: string, detail = ''): void {
    const examples = this.differences.get(difference) ?? [];
    examples.push(`${orderId}${detail}${this.closedBy(orderId)}`);
    this.differences.set(difference, examples);
  }

  /** Names the operator and the reason, which may explain the difference. */
  private closedBy(orderId: string): string {
    const closing = this.closings.get(orderId);
    if (closing === undefined) return '';
    const word = closing.status === 'SUCCESS' ? 'charged' : 'not charged';
    return ` (closed as ${word} by ${closing.actor}: ${closing.reason})`;
  }

  private closedAsCharged(): readonly Closing[] {
    return [...this.closings.values()].filter(({ status }) => status === 'SUCCESS');
  }
}

function taken({ id, amount, currency }: ChargeAtPsp): string {
  return `${id} took ${formatAmount(BigInt(amount), currency)}`;
}
