import type { Database } from '../../adapters/database/database.ts';
import {
  readTrialBalance,
  readWallet,
  type WalletRow,
} from '../../adapters/database/statements/read-ledger.ts';

/** A JSON integer of any size, digit by digit. */
const exact = (value: bigint) => JSON.rawJSON(String(value));

/** What the seller is owed, as JSON text. A seller that was never named has no balances. */
export async function showWallet(database: Database, merchantId: string, sellerId: string): Promise<string> {
  const rows = await readWallet(database, merchantId, sellerId);
  return JSON.stringify({ seller_id: sellerId, balances: rows.map(balanceOf) });
}

function balanceOf(row: WalletRow) {
  return {
    currency: row.currency,
    posted: exact(row.posted_credits - row.posted_debits),
    pending: exact(row.pending_credits - row.pending_debits),
    available: exact(row.posted_credits - row.posted_debits - row.pending_debits),
  };
}

/** The merchant's books, as JSON text. A difference other than zero is never seen unless somebody bypassed the database. */
export async function showTrialBalance(database: Database, merchantId: string): Promise<string> {
  const rows = await readTrialBalance(database, merchantId);
  return JSON.stringify({
    currencies: rows.map(({ currency, debits, credits }) => ({
      currency,
      debits: exact(debits),
      credits: exact(credits),
      difference: exact(debits - credits),
    })),
  });
}
