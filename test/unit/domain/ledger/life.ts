import { type Account, type AccountKind, PLATFORM } from '../../../../domain/ledger/account.ts';
import { type AccountBalance, balancesOf, postedBalance } from '../../../../domain/ledger/balances.ts';
import type { FactsOf, LedgerEvent } from '../../../../domain/ledger/posting.ts';
import type { LedgerEntry, LedgerTransaction } from '../../../../domain/ledger/transaction.ts';
import type { allocateNext, Portion } from '../../../../domain/money/allocation.ts';
import type { Split } from '../../../../domain/money/split.ts';

export const PSP = 'psp_1';
export const SELLERS = ['anna', 'ben', 'cho'] as const;
export type Seller = (typeof SELLERS)[number];

/** What is under test: a planted mistake replaces one of them. */
export interface Rules {
  readonly postings: { readonly [Event in LedgerEvent]: (facts: FactsOf<Event>) => LedgerTransaction | null };
  readonly allocateNext: typeof allocateNext;
}

export interface Claim {
  readonly amountMinor: bigint;
  readonly splits: readonly Split[];
  /** The id of the movement that opened it. */
  readonly sourceId: string;
}

export interface SellerLife {
  wallet: bigint;
  reserve: bigint;
  authorized: bigint;
  captured: bigint;
  fee: bigint;
  feeReturned: bigint;
  /** Refunds and disputes, finished or under way. */
  used: bigint;
  /** Refunds that succeeded, and reversals. */
  refunded: bigint;
  payoutsOpen: bigint;
  payoutsPaid: bigint;
  writtenOff: bigint;
}

/**
 * One order, its three sellers and a PSP account, as they are in the world: what the PSP, the bank and each seller would say that they
 * have. It is counted without the ledger, which must agree after every event.
 */
export class Life {
  readonly entries: LedgerEntry[] = [];
  /** What has happened, in words, and what of it was posted. */
  readonly past: string[] = [];
  readonly posted = new Set<LedgerEvent>();
  readonly problems: string[] = [];
  readonly sellers: Record<Seller, SellerLife>;
  psp = 0n;
  pspReserve = 0n;
  bank = 0n;
  transit: bigint[] = [];
  suspense = 0n;
  invoices = 0n;
  unallocated = 0n;
  platformLoss = 0n;
  disputeFees = 0n;
  pspFees = 0n;
  exchanged = { given: 0n, received: 0n };
  hold: 'none' | 'open' | 'closed' = 'none';
  openRefunds: Claim[] = [];
  paidRefunds: Claim[] = [];
  buyerOwed = 0n;
  openDisputes: Claim[] = [];
  lostDisputes: Claim[] = [];
  private sources = new Set<string>();
  private nextId = 0;

  readonly rules: Rules;

  constructor(rules: Rules) {
    this.rules = rules;
    const start = (): SellerLife => ({
      wallet: 0n,
      reserve: 0n,
      authorized: 0n,
      captured: 0n,
      fee: 0n,
      feeReturned: 0n,
      used: 0n,
      refunded: 0n,
      payoutsOpen: 0n,
      payoutsPaid: 0n,
      writtenOff: 0n,
    });
    this.sellers = { anna: start(), ben: start(), cho: start() };
  }

  newSource(): string {
    this.nextId += 1;
    return `source_${this.nextId}`;
  }

  post<Event extends LedgerEvent>(event: Event, facts: FactsOf<Event>, sourceId = this.newSource()): void {
    this.posted.add(event);
    const transaction = this.rules.postings[event](facts);
    if (transaction === null) return;
    const name = `${transaction.source} ${sourceId} ${transaction.postingType}`;
    if (this.sources.has(name)) this.problems.push(`${name} is posted twice`);
    this.sources.add(name);
    this.entries.push(...transaction.entries);
  }

  /** An amount at the PSP account. */
  money(amountMinor: bigint) {
    return { psp: PSP, currency: 'KRW', amountMinor };
  }

  each(change: (seller: SellerLife, amountMinor: bigint) => void, splits: readonly Split[]): void {
    for (const { sellerId, amountMinor } of splits) change(this.sellers[sellerId as Seller], amountMinor);
  }

  held(): readonly Split[] {
    if (this.hold !== 'open') return [];
    return this.splitsBy(({ authorized, captured }) => authorized - captured);
  }

  splitsBy(amountOf: (seller: SellerLife) => bigint): readonly Split[] {
    return SELLERS.map((sellerId) => ({ sellerId, amountMinor: amountOf(this.sellers[sellerId]) }));
  }

  capturable(): readonly Portion[] {
    return SELLERS.map((sellerId) => {
      const { authorized, captured } = this.sellers[sellerId];
      return { sellerId, totalMinor: authorized, usedMinor: captured };
    });
  }

  refundable(): readonly Portion[] {
    return SELLERS.map((sellerId) => {
      const { captured, used } = this.sellers[sellerId];
      return { sellerId, totalMinor: captured, usedMinor: used };
    });
  }

  /** Where the ledger says something else than the world. */
  check(): void {
    const balances = balancesOf(this.entries);
    this.checkTrialBalance();
    const expected = this.expected();
    for (const [account, amount] of expected) {
      const found = balanceIn(balances, account);
      if (found !== amount) this.problems.push(`${account.kind}:${account.owner} is ${found}, not ${amount}`);
    }
    for (const { account, pendingDebits, pendingCredits } of balances)
      if (pendingDebits < 0n || pendingCredits < 0n)
        this.problems.push(`the hold of ${account.kind}:${account.owner} is below zero`);
    const heldMinor = balances.reduce((sum, { pendingCredits }) => sum + pendingCredits, 0n);
    const holdMinor = this.held().reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
    for (const [id, { captured, refunded }] of Object.entries(this.sellers))
      if (refunded > captured) this.problems.push(`${refunded} was refunded of the ${captured} of ${id}`);
    if (heldMinor !== holdMinor) this.problems.push(`${heldMinor} is held, not ${holdMinor}`);
  }

  private checkTrialBalance(): void {
    const sums = new Map<string, bigint>();
    for (const { account, phase, direction, amountMinor } of this.entries) {
      const group = `${account.currency} ${phase}`;
      sums.set(group, (sums.get(group) ?? 0n) + (direction === 'debit' ? amountMinor : -amountMinor));
    }
    for (const [group, sum] of sums)
      if (sum !== 0n) this.problems.push(`the trial balance of ${group} is ${sum}`);
  }

  private expected(): readonly (readonly [Account, bigint])[] {
    const of = (kind: AccountKind, owner: string, currency = 'KRW'): Account => ({ kind, owner, currency });
    const total = (amountOf: (seller: SellerLife) => bigint) =>
      SELLERS.reduce((sum, id) => sum + amountOf(this.sellers[id]), 0n);
    const open = (claims: readonly Claim[]) => claims.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
    return [
      [of('psp_receivable', PSP), this.psp],
      [of('psp_receivable', PSP, 'USD'), this.exchanged.received],
      [of('psp_reserve', PSP), this.pspReserve],
      [of('psp_payout_in_transit', PSP), this.transit.reduce((sum, sent) => sum + sent, 0n)],
      [of('bank_cash', PLATFORM), this.bank],
      [of('fx_position', PSP), this.exchanged.given],
      [of('fx_position', PSP, 'USD'), -this.exchanged.received],
      [of('dispute_receivable', PSP), open(this.openDisputes)],
      [of('dispute_reserve', PSP), open(this.openDisputes)],
      [of('refund_clearing', PSP), open(this.openRefunds)],
      [of('buyer_refund_payable', PSP), this.buyerOwed],
      [of('unallocated_seller_funds', PSP), this.unallocated],
      [of('suspense', PSP), this.suspense],
      [of('psp_invoice_payable', PSP), this.invoices],
      [of('platform_loss', PLATFORM), this.platformLoss],
      [of('psp_fee_expense', PSP), this.pspFees],
      [of('dispute_fee_expense', PSP), this.disputeFees],
      [of('platform_fee_revenue', PLATFORM), total(({ fee, feeReturned }) => fee - feeReturned)],
      ...SELLERS.flatMap((id): readonly (readonly [Account, bigint])[] => [
        [of('seller_payable', id), this.sellers[id].wallet],
        [of('seller_reserve', id), this.sellers[id].reserve],
        [of('payout_clearing', id), this.sellers[id].payoutsOpen],
        [of('seller_debt_loss', id), this.sellers[id].writtenOff],
      ]),
    ];
  }
}

function balanceIn(balances: readonly AccountBalance[], { kind, owner, currency }: Account): bigint {
  const found = balances.find(
    ({ account }) => account.kind === kind && account.owner === owner && account.currency === currency,
  );
  return found === undefined ? 0n : postedBalance(found);
}
