/** Every state of a charge, in the API's words. */
export const CHARGE_STATUSES = [
  /** The PSP knows the result later. */
  'processing',
  /** Waits for its buyer. */
  'requires_action',
  /** The buyer has approved; the caller has to confirm. */
  'authenticated',
  'succeeded',
  'declined',
  /** The buyer or the caller did not act in time. */
  'expired',
  'invalidated',
] as const;
export type ChargeStatus = (typeof CHARGE_STATUSES)[number];

const OPEN: ReadonlySet<ChargeStatus> = new Set<ChargeStatus>([
  'processing',
  'requires_action',
  'authenticated',
]);

/** Whether the state can still change. */
export function isOpen(status: ChargeStatus): boolean {
  return OPEN.has(status);
}
