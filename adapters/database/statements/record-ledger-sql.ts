import { ENTRY_SUMS } from './entry-sums-sql.ts';

/**
 * Books the money that moved: the movement, its postings and the balances. Entries are summed first, so that each batch locks
 * one row per account, in key order. Every batch posts to the platform's own accounts (`isSharded` in domain/ledger); their
 * balances are sharded, and a batch adds to one shard.
 *
 * A step of `RECORD_SQL`: reads `input`, `applied`, `moment` and `parameter`.
 */
export const LEDGER = `
moved as (
  insert into movement (movement_id, merchant_id, psp_account, kind, amount_minor, currency, occurred_at, instruction_id,
                        payment_order_id, origin)
  select m.movement_id, a.merchant_id, r.psp, m.kind, m.amount_minor, m.currency, moment.now, r.instruction_id,
         r.payment_order_id, 'own'
  from input r
  join applied a using (instruction_id)
  cross join moment
  cross join lateral jsonb_to_record(r.movement) as m(movement_id text, kind text, amount_minor bigint, currency text)
  where r.movement is not null
  returning instruction_id, movement_id
),
posting as materialized (
  select p.*, a.merchant_id, case p.source_kind when 'movement' then movement_id else instruction_id end as source_id
  from input r
  join applied a using (instruction_id)
  left join moved using (instruction_id)
  cross join lateral jsonb_to_recordset(r.postings) as p(
    ledger_transaction_id text, source_kind text, posting_type text, entries jsonb)
),
posted as (
  insert into ledger_transaction (ledger_transaction_id, merchant_id, source_kind, source_id, posting_type, posted_at)
  select ledger_transaction_id, merchant_id, source_kind, source_id, posting_type, moment.now
  from posting, moment
),
entry as materialized (
  select p.ledger_transaction_id, p.merchant_id, e.*
  from posting p
  cross join lateral jsonb_to_recordset(p.entries) as e(
    entry_no smallint, account_kind text, account_owner text, currency text, direction text, phase text,
    amount_minor bigint, sharded boolean)
),
entered as (
  insert into ledger_entry (ledger_transaction_id, entry_no, merchant_id, account_kind, account_owner, currency,
                            direction, phase, amount_minor)
  select ledger_transaction_id, entry_no, merchant_id, account_kind, account_owner, currency, direction, phase,
         amount_minor
  from entry
),
summed as (
  select merchant_id, account_kind, account_owner, currency, case when sharded then parameter.shard else 0 end as shard,${ENTRY_SUMS}
  from entry, parameter
  group by 1, 2, 3, 4, 5
  order by 1, 2, 3, 4, 5
),
balanced as (
  insert into account_balance as b (merchant_id, account_kind, account_owner, currency, shard,
                                    posted_debits, posted_credits, pending_debits, pending_credits)
  select merchant_id, account_kind, account_owner, currency, shard, posted_debits, posted_credits, pending_debits,
         pending_credits
  from summed
  on conflict (merchant_id, account_kind, account_owner, currency, shard) do update
  set posted_debits = b.posted_debits + excluded.posted_debits,
      posted_credits = b.posted_credits + excluded.posted_credits,
      pending_debits = b.pending_debits + excluded.pending_debits,
      pending_credits = b.pending_credits + excluded.pending_credits
)`;
