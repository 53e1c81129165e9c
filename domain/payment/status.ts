/** A payment order's state. Nothing leaves SUCCESS or FAILED. */
export type OrderStatus = 'NOT_STARTED' | 'EXECUTING' | 'SUCCESS' | 'FAILED';

/** Where exactly an order stands within NOT_STARTED and EXECUTING; null once it is terminal. */
export type OrderStatusDetail =
  | 'queued'
  | 'psp_requested'
  | 'requires_action'
  | 'authorized'
  | 'outcome_unknown'
  | 'manual_review'
  | null;

export type PaymentStatus = 'NOT_STARTED' | 'EXECUTING' | 'SUCCESS' | 'PARTIAL_SUCCESS' | 'FAILED';

export const PAYMENT_STATUSES = [
  'NOT_STARTED',
  'EXECUTING',
  'SUCCESS',
  'PARTIAL_SUCCESS',
  'FAILED',
] as const satisfies readonly PaymentStatus[];

/** A payment's own status is derived from its orders'. The database derives the same from counters, see migrations. */
export function paymentStatusOf(orders: readonly OrderStatus[]): PaymentStatus {
  const all = (status: OrderStatus) => orders.every((order) => order === status);
  if (all('NOT_STARTED')) return 'NOT_STARTED';
  if (all('SUCCESS')) return 'SUCCESS';
  if (all('FAILED')) return 'FAILED';
  return orders.every((order) => order === 'SUCCESS' || order === 'FAILED') ? 'PARTIAL_SUCCESS' : 'EXECUTING';
}
