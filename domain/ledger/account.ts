export type Side = 'debit' | 'credit';

export type AccountClass = 'asset' | 'liability' | 'income' | 'expense';

interface AccountRule {
  readonly class: AccountClass;
  /** Whose account it is. A PSP account is one account at a PSP: a Stripe account, a Toss MID. */
  readonly owner: 'psp_account' | 'seller' | 'platform';
  /** Most batches post to it, so its balance is spread over shards and batches don't wait for each other. */
  readonly isSharded: boolean;
}

/** The chart of accounts. There is one account of a kind per owner and currency. */
export const CHART = {
  /** What a PSP account owes us. It owes us less than nothing after more refunds and disputes than charges. */
  psp_receivable: { class: 'asset', owner: 'psp_account', isSharded: true },
  /** What a PSP account keeps back as its security. */
  psp_reserve: { class: 'asset', owner: 'psp_account', isSharded: false },
  /** What a PSP account has paid out, until it is seen on our bank account. */
  psp_payout_in_transit: { class: 'asset', owner: 'psp_account', isSharded: false },
  /** What a PSP account has taken for open disputes: it comes back if they are won. */
  dispute_receivable: { class: 'asset', owner: 'psp_account', isSharded: false },
  bank_cash: { class: 'asset', owner: 'platform', isSharded: true },
  /** The tax on the fees of a PSP, which we claim from the state. */
  input_vat: { class: 'asset', owner: 'psp_account', isSharded: true },
  /** What a PSP account has converted: a debit in the currency given up, a credit in that received. Never revalued. */
  fx_position: { class: 'asset', owner: 'psp_account', isSharded: true },

  /** A seller's wallet. It goes below zero by refunds and disputes alone. */
  seller_payable: { class: 'liability', owner: 'seller', isSharded: false },
  /** What is kept back of a seller's money as our security. */
  seller_reserve: { class: 'liability', owner: 'seller', isSharded: false },
  /** What is owed to a seller that isn't known yet: the charge came late, or the seller is closed. */
  unallocated_seller_funds: { class: 'liability', owner: 'psp_account', isSharded: false },
  /** What is owed to buyers, because a refund failed after it had succeeded. */
  buyer_refund_payable: { class: 'liability', owner: 'psp_account', isSharded: false },
  /** Refunds that are requested and not finished. */
  refund_clearing: { class: 'liability', owner: 'psp_account', isSharded: true },
  /** Payouts of a seller that are requested and not finished. */
  payout_clearing: { class: 'liability', owner: 'seller', isSharded: false },
  /** What was taken from sellers for open disputes: always as much as `dispute_receivable`. */
  dispute_reserve: { class: 'liability', owner: 'psp_account', isSharded: false },
  /** Fees that a PSP invoices and doesn't take from its balance. */
  psp_invoice_payable: { class: 'liability', owner: 'psp_account', isSharded: false },
  /** Differences that nobody has explained yet: a surplus is a credit, a shortage a debit. */
  suspense: { class: 'liability', owner: 'psp_account', isSharded: false },

  platform_fee_revenue: { class: 'income', owner: 'platform', isSharded: true },

  psp_fee_expense: { class: 'expense', owner: 'psp_account', isSharded: true },
  dispute_fee_expense: { class: 'expense', owner: 'psp_account', isSharded: false },
  /** What is written off of a seller's debt and not recovered. */
  seller_debt_loss: { class: 'expense', owner: 'seller', isSharded: false },
  /** What the platform bears of refunds, disputes and differences. */
  platform_loss: { class: 'expense', owner: 'platform', isSharded: false },
} as const satisfies Readonly<Record<string, AccountRule>>;

export type AccountKind = keyof typeof CHART;

/** The owner of the platform's own accounts. */
export const PLATFORM = 'platform';

/** One account: it has one owner and one currency. */
export interface Account {
  readonly kind: AccountKind;
  /** The name of the PSP account, the id of the seller, or `platform`. */
  readonly owner: string;
  readonly currency: string;
}

/** The side on which an account of this kind grows. */
export function normalSideOf(kind: AccountKind): Side {
  return ['asset', 'expense'].includes(CHART[kind].class) ? 'debit' : 'credit';
}

export function isSharded(kind: AccountKind): boolean {
  return CHART[kind].isSharded;
}
