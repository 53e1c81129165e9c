import type { Operation } from '../payment/psp-outcome.ts';
import type { Movement, MovementKind } from './movement.ts';

/** What became of an order's money, in minor units: columns of `payment_order`. */
export const ORDER_AMOUNTS = [
  'authorized',
  /** Authorized, and given back without a capture. */
  'released',
  'captured',
  /** Reserved for captures and voids that are not finished. */
  'capture_pending',
  'refunded',
  /** Reserved for refunds that are not finished. */
  'refund_pending',
  'disputed_open',
  'disputed_lost',
  /** Taken back by the PSP after a success. */
  'reversed',
] as const;

export type OrderAmount = (typeof ORDER_AMOUNTS)[number];
export type OrderAmounts = Readonly<Record<OrderAmount, bigint>>;
/** What is added to an order's amounts; the others stay. */
export type AmountDeltas = Readonly<Partial<Record<OrderAmount, bigint>>>;

type Signs = Readonly<Partial<Record<OrderAmount, 1 | -1>>>;

/** What a movement of each kind adds to its order's amounts (1), or takes from them (−1). */
export const MOVED_AMOUNTS: Readonly<Record<MovementKind, Signs>> = {
  authorization: { authorized: 1 },
  authorization_release: { released: 1 },
  charge: { authorized: 1, captured: 1 },
  capture: { captured: 1 },
  refund: { refunded: 1 },
  refund_failure: { refunded: -1 },
  charge_reversal: { reversed: 1 },
  dispute: { disputed_open: 1 },
  dispute_reversal: { disputed_open: -1 },
  fee: {},
  fee_credit: {},
  reserve: {},
  reserve_release: {},
  payout: {},
  payout_failure: {},
  adjustment: {},
};

/** Where the amount of an instruction is reserved from its acceptance to its end. A void reserves all that was not captured. */
export const RESERVED_AMOUNT: Readonly<Partial<Record<Operation, OrderAmount>>> = {
  capture: 'capture_pending',
  void: 'capture_pending',
  refund: 'refund_pending',
};

/** An instruction of an order that is not finished. */
export interface OpenInstruction {
  readonly operation: Operation;
  readonly amountMinor: bigint;
}

/** What a movement adds to its order's amounts. */
export function amountsMoved({ kind, amountMinor }: Movement): AmountDeltas {
  return scaled(MOVED_AMOUNTS[kind], amountMinor);
}

/** An order's amounts from all its movements and open instructions (invariant 3). The database only adds deltas. */
export function foldMovements(
  movements: readonly Movement[],
  open: readonly OpenInstruction[],
): OrderAmounts {
  const deltas = [
    ...movements.map(amountsMoved),
    ...open.map(({ operation, amountMinor }) => {
      const reserved = RESERVED_AMOUNT[operation];
      return reserved === undefined ? {} : scaled({ [reserved]: 1 }, amountMinor);
    }),
  ];
  return deltas.reduce<OrderAmounts>(addAmounts, NO_AMOUNTS);
}

export const NO_AMOUNTS: OrderAmounts = {
  authorized: 0n,
  released: 0n,
  captured: 0n,
  capture_pending: 0n,
  refunded: 0n,
  refund_pending: 0n,
  disputed_open: 0n,
  disputed_lost: 0n,
  reversed: 0n,
};

export function addAmounts(amounts: OrderAmounts, deltas: AmountDeltas): OrderAmounts {
  const sums = { ...amounts };
  for (const name of ORDER_AMOUNTS) sums[name] += deltas[name] ?? 0n;
  return sums;
}

function scaled(signs: Signs, amountMinor: bigint): AmountDeltas {
  const deltas: Partial<Record<OrderAmount, bigint>> = {};
  for (const name of ORDER_AMOUNTS) {
    const sign = signs[name];
    if (sign !== undefined) deltas[name] = BigInt(sign) * amountMinor;
  }
  return deltas;
}
