/** What a posting books: a movement, a step of an instruction (a refund requested) or an operator's action. */
export type PostingSource = 'movement' | 'instruction' | 'operation';

/**
 * Every posting type, and what its source is. A source is posted at most once under each type: unique by (source kind, source id,
 * posting type). So what can happen twice has a source of its own each time: a second chargeback is a second movement.
 */
export const POSTING_SOURCES = {
  authorization: 'movement',
  authorization_release: 'movement',
  capture: 'movement',
  charge: 'movement',
  charge_reversal: 'movement',
  unallocated_charge: 'movement',
  unallocated_funds_assigned: 'operation',

  platform_fee: 'movement',
  platform_fee_returned: 'movement',
  psp_fee: 'movement',
  psp_fee_credit: 'movement',
  psp_fee_invoiced: 'operation',
  psp_invoice_paid: 'operation',
  dispute_fee: 'movement',
  dispute_fee_credit: 'movement',

  refund_requested: 'instruction',
  refund_failed: 'instruction',
  refund: 'movement',
  refund_failure: 'movement',
  buyer_refund_paid: 'operation',
  buyer_refund_released: 'operation',

  payout_requested: 'instruction',
  payout_failed: 'instruction',
  payout: 'movement',
  payout_failure: 'movement',

  dispute_opened: 'movement',
  dispute_won: 'movement',
  /** No money moves: its source is the movement that opened the dispute. */
  dispute_lost: 'movement',
  dispute_won_late: 'movement',
  seller_debt_written_off: 'operation',
  seller_debt_recovered: 'operation',

  psp_reserve_held: 'movement',
  psp_reserve_released: 'movement',
  seller_reserve_held: 'operation',
  seller_reserve_released: 'operation',

  settlement_sent: 'movement',
  settlement_received: 'operation',
  settlement_failed: 'movement',
  psp_top_up: 'operation',
  exchange: 'movement',
  adjustment: 'movement',
  suspense_resolved: 'operation',
  seller_adjustment: 'operation',
  reversal: 'operation',
} as const satisfies Readonly<Record<string, PostingSource>>;

export type PostingType = keyof typeof POSTING_SOURCES;

/** What the source of a type is. Checked when it is compiled, so that no bundle has the table. */
export type SourceOf<Type extends PostingType> = (typeof POSTING_SOURCES)[Type];
