import type { LedgerEntry } from '../../../../domain/ledger/transaction.ts';
import { formatAmount } from '../../../../domain/money/currency.ts';

/** An entry as a bookkeeper writes it: `Dr psp_receivable:card_kr 10,000 KRW`, and its phase unless it is posted. */
export function written({ account, direction, phase, amountMinor }: LedgerEntry): string {
  const side = direction === 'debit' ? 'Dr' : 'Cr';
  const amount = formatAmount(amountMinor, account.currency);
  return `${side} ${account.kind}:${account.owner} ${amount}${phase === 'posted' ? '' : ` ${phase}`}`;
}
