/** A payment order's state. Nothing leaves SUCCESS or FAILED. */
export type OrderStatus = 'NOT_STARTED' | 'EXECUTING' | 'SUCCESS' | 'FAILED';

/** The detail of NOT_STARTED and EXECUTING; null once the order is terminal. */
export type OrderStatusDetail =
  | 'queued'
  | 'psp_requested'
  /** The buyer must act at the PSP; the order's `next_action` says where. */
  | 'awaiting_buyer'
  /** The PSP has accepted it and has the result later. */
  | 'awaiting_psp'
  | 'authorized'
  | 'outcome_unknown'
  | 'manual_review'
  | null;

/** Derived from its orders' by the database, which counts them: see `payment.status` in the migrations. */
export type PaymentStatus = 'NOT_STARTED' | 'EXECUTING' | 'SUCCESS' | 'PARTIAL_SUCCESS' | 'FAILED';

export const PAYMENT_STATUSES = [
  'NOT_STARTED',
  'EXECUTING',
  'SUCCESS',
  'PARTIAL_SUCCESS',
  'FAILED',
] as const satisfies readonly PaymentStatus[];
