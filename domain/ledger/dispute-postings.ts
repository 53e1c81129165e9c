import type { Split } from '../money/split.ts';
import {
  credit,
  debit,
  type LedgerEntry,
  type LedgerTransaction,
  ofPlatform,
  ofPsp,
  ofSeller,
  type PspMoney,
  post,
  type SellerMoney,
  type SharedMoney,
  shares,
} from './transaction.ts';

/**
 * A dispute: the PSP takes the amount at once, and we take it from its bearers until the dispute is decided. The amount is the
 * PSP's: it may differ from the charge, and exceed what refunds have left of it. A second chargeback is a dispute again.
 */
export function disputeOpenedPosting(dispute: SharedMoney): LedgerTransaction {
  const { amountMinor } = dispute;
  return post(
    'movement',
    'dispute_opened',
    ...shares('debit', dispute),
    debit(ofPsp('dispute_receivable', dispute), amountMinor),
    credit(ofPsp('dispute_reserve', dispute), amountMinor),
    credit(ofPsp('psp_receivable', dispute), amountMinor),
  );
}

export interface WonDispute extends SharedMoney {
  /** What the dispute was opened with. The amount and its shares are what comes back: less if it was partly won. */
  readonly disputedMinor: bigint;
}

/** Won, or partly won: what comes back goes to its bearers, and the dispute is closed. */
export function disputeWonPosting(won: WonDispute): LedgerTransaction {
  const { disputedMinor } = won;
  return post(
    'movement',
    'dispute_won',
    debit(ofPsp('psp_receivable', won), won.amountMinor),
    debit(ofPsp('dispute_reserve', won), disputedMinor),
    credit(ofPsp('dispute_receivable', won), disputedMinor),
    ...shares('credit', won),
  );
}

/** Lost: no money moves. What its bearers gave doesn't come back. */
export function disputeLostPosting(dispute: PspMoney): LedgerTransaction {
  return post(
    'movement',
    'dispute_lost',
    debit(ofPsp('dispute_reserve', dispute), dispute.amountMinor),
    credit(ofPsp('dispute_receivable', dispute), dispute.amountMinor),
  );
}

export interface LateWin extends SharedMoney {
  /** What is written off of each seller's debt and not recovered. */
  readonly writtenOff: readonly Split[];
}

/** Won after it had been lost: what was written off is recovered first, and the rest goes to the sellers. */
export function disputeWonLatePosting(won: LateWin): LedgerTransaction {
  return post(
    'movement',
    'dispute_won_late',
    debit(ofPsp('psp_receivable', won), won.amountMinor),
    ...shares('credit', won).flatMap((share) => recoveredFirst(share, won.writtenOff)),
  );
}

/** The credit of a seller's wallet, less what was written off of the seller's debt. */
function recoveredFirst(share: LedgerEntry, writtenOff: readonly Split[]): readonly LedgerEntry[] {
  const { account, amountMinor } = share;
  const debt = writtenOff.find(({ sellerId }) => sellerId === account.owner)?.amountMinor ?? 0n;
  if (account.kind !== 'seller_payable' || debt === 0n) return [share];
  const recovered = debt < amountMinor ? debt : amountMinor;
  return [
    credit({ ...account, kind: 'seller_debt_loss' }, recovered),
    credit(account, amountMinor - recovered),
  ];
}

export interface LostToSeller extends Omit<SellerMoney, 'amountMinor'> {
  /** What the seller bore of the lost dispute, in minor units. */
  readonly lostMinor: bigint;
  /** The seller's posted balance: credits less debits. Negative if the seller owes us. */
  readonly balanceMinor: bigint;
}

/** The part of a loss that the seller can't cover. What the seller owed before is not written off with it. */
export function shortfallOf({ lostMinor, balanceMinor }: LostToSeller): bigint {
  const debtMinor = balanceMinor < 0n ? -balanceMinor : 0n;
  return debtMinor < lostMinor ? debtMinor : lostMinor;
}

/** Only the shortfall is written off; null where the seller covers the loss. */
export function sellerDebtWrittenOffPosting(loss: LostToSeller): LedgerTransaction | null {
  const shortfallMinor = shortfallOf(loss);
  if (shortfallMinor === 0n) return null;
  return post(
    'operation',
    'seller_debt_written_off',
    debit(ofSeller('seller_debt_loss', loss), shortfallMinor),
    credit(ofSeller('seller_payable', loss), shortfallMinor),
  );
}

export interface Recovery extends SellerMoney {
  /** The seller has new money in the wallet, or has paid into our bank account. */
  readonly from: 'wallet' | 'bank';
}

/** A seller's debt that was written off comes back. */
export function sellerDebtRecoveredPosting(recovery: Recovery): LedgerTransaction {
  return post(
    'operation',
    'seller_debt_recovered',
    debit(
      recovery.from === 'wallet' ? ofSeller('seller_payable', recovery) : ofPlatform('bank_cash', recovery),
      recovery.amountMinor,
    ),
    credit(ofSeller('seller_debt_loss', recovery), recovery.amountMinor),
  );
}
