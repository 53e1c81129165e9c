import * as z from 'zod/mini';
import { amountColumn } from '../columns.ts';
import type { Database } from '../database.ts';
import { merchantStatement } from '../merchant-statement.ts';

const walletRow = z.object({
  currency: z.string(),
  posted_debits: amountColumn,
  posted_credits: amountColumn,
  pending_debits: amountColumn,
  pending_credits: amountColumn,
});

const trialBalanceRow = z.object({ currency: z.string(), debits: amountColumn, credits: amountColumn });

export type WalletRow = z.infer<typeof walletRow>;
export type TrialBalanceRow = z.infer<typeof trialBalanceRow>;

/** One row per currency that the seller was ever owed in; none for a seller that this merchant never named. */
export async function readWallet(
  database: Database,
  merchantId: string,
  sellerId: string,
): Promise<readonly WalletRow[]> {
  const rows = await database.execute(WALLET.sql, { merchant_id: merchantId, seller_id: sellerId });
  return rows.map((row) => walletRow.parse(row));
}

/** Debits and credits of the merchant's books by currency, summed over all accounts. */
export async function readTrialBalance(
  database: Database,
  merchantId: string,
): Promise<readonly TrialBalanceRow[]> {
  const rows = await database.execute(TRIAL_BALANCE.sql, { merchant_id: merchantId });
  return rows.map((row) => trialBalanceRow.parse(row));
}

export const WALLET = merchantStatement(
  'read_wallet',
  'currency text, posted_debits text, posted_credits text, pending_debits text, pending_credits text',
  `
select currency, sum(posted_debits)::text as posted_debits, sum(posted_credits)::text as posted_credits,
       sum(pending_debits)::text as pending_debits, sum(pending_credits)::text as pending_credits
from account_balance
where merchant_id = :input::jsonb ->> 'merchant_id'
  and account_kind = 'seller_payable'
  and account_owner = :input::jsonb ->> 'seller_id'
group by currency
order by currency`,
);

export const TRIAL_BALANCE = merchantStatement(
  'read_trial_balance',
  'currency text, debits text, credits text',
  `
select currency, sum(posted_debits)::text as debits, sum(posted_credits)::text as credits
from account_balance
where merchant_id = :input::jsonb ->> 'merchant_id'
group by currency
order by currency`,
);
