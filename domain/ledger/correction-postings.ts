import {
  credit,
  debit,
  type LedgerEntry,
  type LedgerTransaction,
  ofPlatform,
  ofSeller,
  post,
  type SellerMoney,
} from './transaction.ts';

/** What the platform gives a seller (positive) or takes from one (negative), outside any payment. */
export function sellerAdjustmentPosting(adjustment: SellerMoney): LedgerTransaction {
  const wallet = ofSeller('seller_payable', adjustment);
  const platform = ofPlatform('platform_loss', adjustment);
  const { amountMinor } = adjustment;
  return amountMinor > 0n
    ? post('operation', 'seller_adjustment', debit(platform, amountMinor), credit(wallet, amountMinor))
    : post('operation', 'seller_adjustment', debit(wallet, -amountMinor), credit(platform, -amountMinor));
}

/** Corrects a wrong transaction, whose entries stay: the same amounts on the other sides, and a hold is released. */
export function reversalPosting({ entries }: Pick<LedgerTransaction, 'entries'>): LedgerTransaction {
  return post('operation', 'reversal', ...entries.map(reversed));
}

function reversed(entry: LedgerEntry): LedgerEntry {
  switch (entry.phase) {
    case 'posted':
      return { ...entry, direction: entry.direction === 'debit' ? 'credit' : 'debit' };
    case 'pending':
      return { ...entry, phase: 'voided' };
    case 'voided':
      return { ...entry, phase: 'pending' };
  }
}
