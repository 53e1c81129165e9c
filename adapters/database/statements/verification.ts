import * as z from 'zod/mini';
import { jsonColumn } from '../columns.ts';
import type { Database } from '../database.ts';
import { ENTRY_SUMS } from './entry-sums-sql.ts';

/**
 * Everything up to these ids has been verified. Ids begin with their time, so whatever lies beyond them came later. Terminal
 * rows never change, so only the payments that were open have to be checked again.
 */
export interface Checkpoint {
  /** Payments up to this id. */
  readonly paymentsUpTo: string;
  /** Payments up to there that were still open. */
  readonly openPayments: readonly string[];
  /** Movements up to this id. */
  readonly movementsUpTo: string;
  /** Ledger transactions up to this id. */
  readonly transactionsUpTo: string;
}

export const FROM_THE_BEGINNING: Checkpoint = {
  paymentsUpTo: '',
  openPayments: [],
  movementsUpTo: '',
  transactionsUpTo: '',
};

const checkpointRow = z.object({
  payments_up_to: z.string(),
  open_payments: jsonColumn(z.array(z.string())),
  movements_up_to: z.string(),
  transactions_up_to: z.string(),
});

/** The stored checkpoint; the beginning if no verification has ever completed. */
export async function readCheckpoint(database: Database): Promise<Checkpoint> {
  const [row] = await database.execute(READ_SQL, {});
  return checkpointOf(row);
}

function checkpointOf(row: unknown): Checkpoint {
  const { payments_up_to, open_payments, movements_up_to, transactions_up_to } = checkpointRow.parse(row);
  return {
    paymentsUpTo: payments_up_to,
    openPayments: open_payments,
    movementsUpTo: movements_up_to,
    transactionsUpTo: transactions_up_to,
  };
}

/**
 * The checkpoint to save if the verification that starts now finds no violation. Read it first: what is open now may be checked
 * before it ends.
 */
export async function nextCheckpoint(database: Database): Promise<Checkpoint> {
  const [row] = await database.execute(NEXT_SQL, {});
  return checkpointOf(row);
}

/** Without the balances' part, which `sumBalances` has saved already. */
export async function saveCheckpoint(database: Database, checkpoint: Checkpoint): Promise<void> {
  await database.execute(SAVE_SQL, {
    payments_up_to: checkpoint.paymentsUpTo,
    open_payments: checkpoint.openPayments,
    movements_up_to: checkpoint.movementsUpTo,
    transactions_up_to: checkpoint.transactionsUpTo,
  });
}

const summedRow = z.object({ summed: z.int() });

/** Transactions per statement. */
const CHUNK = 5_000;

/**
 * Adds what was posted since the last time, up to this transaction, to the sums that balances are compared with, chunk by chunk.
 * Each statement moves the mark along with the sums: a replay, or another at the same time, adds nothing twice.
 */
export async function sumBalances(database: Database, upTo: string): Promise<void> {
  for (;;) {
    const [row] = await database.execute(SUM_SQL, { up_to: upTo });
    if (row === undefined || summedRow.parse(row).summed < CHUNK) return;
  }
}

/** From the beginning: the next sums are made of every entry. */
export async function forgetBalances(database: Database): Promise<void> {
  await database.execute(FORGET_SQL, {});
}

/**
 * What is older than this has been committed, or never will be: an id is made at most half a minute before its statement, which
 * is replayed for some seconds, by an operator's command for some minutes while the database wakes.
 */
const COMMITTED_AFTER_MINUTES = 15;
/** Open payments that a checkpoint names: 40 KB. Where more are open it goes back to where they begin. */
const OPEN_LIMIT = 1_000;

const READ_SQL = `
select payments_up_to, open_payments::text as open_payments, movements_up_to, transactions_up_to
from verification
`;

/** As the ids of a moment begin: a prefix, and 48 bits of milliseconds. */
const keyOf = (prefix: string, at: string) =>
  `'${prefix}_' || lpad(to_hex(floor(extract(epoch from ${at}) * 1000)::bigint), 12, '0')`;

const NEXT_SQL = `
with moment as materialized (
  select ${keyOf('pay', `clock() - interval '${COMMITTED_AFTER_MINUTES} minutes'`)} as payments,
         ${keyOf('mov', `clock() - interval '${COMMITTED_AFTER_MINUTES} minutes'`)} as movements,
         ${keyOf('ltx', `clock() - interval '${COMMITTED_AFTER_MINUTES} minutes'`)} as transactions
),
open as materialized (
  select t.payment_id, row_number() over (order by t.payment_id) as place
  from moment
  cross join (values ('NOT_STARTED'), ('EXECUTING')) as unfinished(status)
  cross join lateral (
    select payment_id from payment
    -- Equal, said so that only the index over both has the order; the key would be walked through for one value.
    where status >= unfinished.status and status <= unfinished.status and payment_id <= moment.payments
    order by status, payment_id
    limit ${OPEN_LIMIT + 1}
  ) t
)
select coalesce((select payment_id from open where place = ${OPEN_LIMIT}), payments) as payments_up_to,
       (select coalesce(jsonb_agg(payment_id order by payment_id), '[]') from open where place <= ${OPEN_LIMIT})::text
         as open_payments,
       movements as movements_up_to, transactions as transactions_up_to
from moment
`;

const SAVE_SQL = `
update verification
set payments_up_to = r.payments_up_to, open_payments = r.open_payments, movements_up_to = r.movements_up_to,
    transactions_up_to = r.transactions_up_to, verified_at = clock()
from jsonb_to_record(:input::jsonb) as r(
  payments_up_to text, open_payments jsonb, movements_up_to text, transactions_up_to text)
`;

const SUM_SQL = `
with mark as materialized (
  select balances_up_to from verification for update
),
chunk as materialized (
  select t.ledger_transaction_id
  from mark
  cross join lateral (
    select ledger_transaction_id
    from ledger_transaction
    where ledger_transaction_id > mark.balances_up_to and ledger_transaction_id <= :input::jsonb ->> 'up_to'
    order by ledger_transaction_id
    limit ${CHUNK}
  ) t
),
added as (
  insert into verified_balance as b (merchant_id, account_kind, account_owner, currency,
                                     posted_debits, posted_credits, pending_debits, pending_credits)
  select e.merchant_id, e.account_kind, e.account_owner, e.currency,${ENTRY_SUMS}
  from chunk
  join ledger_entry e using (ledger_transaction_id)
  group by 1, 2, 3, 4
  order by 1, 2, 3, 4
  on conflict (merchant_id, account_kind, account_owner, currency) do update
  set posted_debits = b.posted_debits + excluded.posted_debits,
      posted_credits = b.posted_credits + excluded.posted_credits,
      pending_debits = b.pending_debits + excluded.pending_debits,
      pending_credits = b.pending_credits + excluded.pending_credits
),
moved as (
  update verification set balances_up_to = last.id
  from (select max(ledger_transaction_id) as id from chunk) last
  where last.id is not null
)
select count(*)::int as summed from chunk
`;

const FORGET_SQL = `
with mark as (
  update verification set balances_up_to = ''
)
delete from verified_balance
`;
