import type { Database } from '../../adapters/database/database.ts';
import {
  readTrialBalance,
  readWallet,
  type WalletRow,
} from '../../adapters/database/statements/read-ledger.ts';
import type { TrialBalanceResource, WalletResource } from '../resources/ledger.ts';

/** The seller's balances. An unknown seller has none. */
export async function showWallet(
  database: Database,
  merchantId: string,
  sellerId: string,
): Promise<WalletResource> {
  const rows = await readWallet(database, merchantId, sellerId);
  return { seller_id: sellerId, balances: rows.map(balanceOf) };
}

function balanceOf(row: WalletRow) {
  return {
    currency: row.currency,
    posted: String(row.posted_credits - row.posted_debits),
    pending: String(row.pending_credits - row.pending_debits),
    available: String(row.posted_credits - row.posted_debits - row.pending_debits),
  };
}

/** The merchant's books. The difference is zero unless somebody bypassed the database's checks. */
export async function showTrialBalance(
  database: Database,
  merchantId: string,
): Promise<TrialBalanceResource> {
  const rows = await readTrialBalance(database, merchantId);
  return {
    currencies: rows.map(({ currency, debits, credits }) => ({
      currency,
      debits: String(debits),
      credits: String(credits),
      difference: String(debits - credits),
    })),
  };
}
