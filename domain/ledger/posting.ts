import {
  authorizationPosting,
  authorizationReleasePosting,
  capturePosting,
  chargePosting,
  chargeReversalPosting,
  platformFeePosting,
  platformFeeReturnedPosting,
  unallocatedChargePosting,
  unallocatedFundsAssignedPosting,
} from './charge-postings.ts';
import { reversalPosting, sellerAdjustmentPosting } from './correction-postings.ts';
import {
  disputeLostPosting,
  disputeOpenedPosting,
  disputeWonLatePosting,
  disputeWonPosting,
  sellerDebtRecoveredPosting,
  sellerDebtWrittenOffPosting,
} from './dispute-postings.ts';
import {
  payoutFailedPosting,
  payoutFailurePosting,
  payoutPosting,
  payoutRequestedPosting,
} from './payout-postings.ts';
import {
  disputeFeeCreditPosting,
  disputeFeePosting,
  pspFeeCreditPosting,
  pspFeeInvoicedPosting,
  pspFeePosting,
  pspInvoicePaidPosting,
} from './psp-fee-postings.ts';
import {
  buyerRefundPaidPosting,
  buyerRefundReleasedPosting,
  refundFailedPosting,
  refundFailurePosting,
  refundPosting,
  refundRequestedPosting,
  unreservedRefundPosting,
} from './refund-postings.ts';
import {
  pspReserveHeldPosting,
  pspReserveReleasedPosting,
  sellerReserveHeldPosting,
  sellerReserveReleasedPosting,
} from './reserve-postings.ts';
import {
  adjustmentPosting,
  exchangePosting,
  pspTopUpPosting,
  settlementFailedPosting,
  settlementReceivedPosting,
  settlementSentPosting,
  suspenseResolvedPosting,
} from './settlement-postings.ts';
import type { PspMoney } from './transaction.ts';

/**
 * Everything that can happen to money, and the one transaction that it posts; null where it posts nothing. docs/money.md shows each
 * with an example. A function imports the postings that it needs from their own files, so that its bundle lacks the others.
 */
export const POSTINGS = {
  authorized: authorizationPosting,
  authorization_released: authorizationReleasePosting,
  captured: capturePosting,
  charged: chargePosting,
  charged_too_late: unallocatedChargePosting,
  late_charge_assigned: unallocatedFundsAssignedPosting,
  /** A charge has no hold, and an authorization keeps its own. */
  outcome_unknown: nothing,
  charge_reversed: chargeReversalPosting,

  platform_fee_taken: platformFeePosting,
  platform_fee_returned: platformFeeReturnedPosting,
  psp_fee_taken: pspFeePosting,
  psp_fee_credited: pspFeeCreditPosting,
  psp_fee_invoiced: pspFeeInvoicedPosting,
  psp_invoice_paid: pspInvoicePaidPosting,

  refund_requested: refundRequestedPosting,
  refund_succeeded: refundPosting,
  unreserved_refund_succeeded: unreservedRefundPosting,
  refund_failed: refundFailedPosting,
  refund_failed_after_success: refundFailurePosting,
  buyer_refund_paid: buyerRefundPaidPosting,
  buyer_refund_released: buyerRefundReleasedPosting,

  payout_requested: payoutRequestedPosting,
  payout_paid: payoutPosting,
  payout_failed: payoutFailedPosting,
  payout_bounced: payoutFailurePosting,

  /** Asked, closed, warned of fraud or prevented: no money moves before a dispute is opened. */
  dispute_inquiry: nothing,
  dispute_opened: disputeOpenedPosting,
  dispute_won: disputeWonPosting,
  dispute_lost: disputeLostPosting,
  dispute_won_late: disputeWonLatePosting,
  dispute_fee_taken: disputeFeePosting,
  dispute_fee_credited: disputeFeeCreditPosting,
  seller_debt_written_off: sellerDebtWrittenOffPosting,
  seller_debt_recovered: sellerDebtRecoveredPosting,

  psp_reserve_held: pspReserveHeldPosting,
  psp_reserve_released: pspReserveReleasedPosting,
  seller_reserve_held: sellerReserveHeldPosting,
  seller_reserve_released: sellerReserveReleasedPosting,

  settlement_sent: settlementSentPosting,
  settlement_received: settlementReceivedPosting,
  settlement_failed: settlementFailedPosting,
  psp_topped_up: pspTopUpPosting,
  money_exchanged: exchangePosting,
  line_unexplained: adjustmentPosting,
  suspense_resolved: suspenseResolvedPosting,

  seller_adjusted: sellerAdjustmentPosting,
  transaction_reversed: reversalPosting,
} as const;

export type LedgerEvent = keyof typeof POSTINGS;

/** What has to be known of an event to post it. */
export type FactsOf<Event extends LedgerEvent> = Parameters<(typeof POSTINGS)[Event]>[0];

function nothing(_facts: Pick<PspMoney, 'psp' | 'currency'>): null {
  return null;
}
