import { MOVEMENT_KINDS } from '../../../domain/ledger/movement.ts';
import {
  MOVED_AMOUNTS,
  ORDER_AMOUNTS,
  type OrderAmount,
  RESERVED_AMOUNT,
} from '../../../domain/ledger/order-amounts.ts';
import { ENTRY_SUMS } from './entry-sums-sql.ts';
import type { Invariant } from './invariant.ts';

const SUCCESS_IS_CHARGED = 'SUCCESS is one charge or a capture that is booked as a movement';
const MOVEMENT_IS_POSTED = 'a movement has its ledger transaction, and a ledger transaction its source';
const AMOUNTS_ARE_MOVEMENTS = 'an order’s amounts are the sum of its movements and open instructions';

/** `foldMovements` as SQL, made from the same data: one row per kind or operation, with what it adds to each amount. */
const signs = (rows: readonly (readonly [name: string, signs: Partial<Record<OrderAmount, number>>])[]) =>
  `(values ${rows
    .map(([name, of]) => `('${name}', ${ORDER_AMOUNTS.map((amount) => of[amount] ?? 0).join(', ')})`)
    .join(', ')}) as sign(name, ${ORDER_AMOUNTS.join(', ')})`;
const MOVED = signs(MOVEMENT_KINDS.map((kind) => [kind, MOVED_AMOUNTS[kind]]));
const RESERVED = signs(
  Object.entries(RESERVED_AMOUNT).map(([operation, amount]) => [operation, { [amount]: 1 }]),
);

const ORDERS_WITH_OTHER_AMOUNTS = `
      select o.payment_order_id as subject
      from orders o
      cross join lateral (
        select ${ORDER_AMOUNTS.map((name) => `coalesce(sum(added.${name} * added.amount_minor), 0) as ${name}`).join(', ')}
        from (
          select sign.*, m.amount_minor
          from movement m
          join ${MOVED} on sign.name = m.kind
          where m.payment_order_id = o.payment_order_id
          union all
          select sign.*, i.amount_minor
          from instruction i
          join ${RESERVED} on sign.name = i.operation
          where i.payment_order_id = o.payment_order_id and not is_terminal(i.state)
        ) added
      ) folded
      where (${ORDER_AMOUNTS.map((name) => `o.${name}`).join(', ')})
            <> (${ORDER_AMOUNTS.map((name) => `folded.${name}`).join(', ')})`;

const ORDERS_NOT_CHARGED_ONCE = `
      select o.payment_order_id as subject
      from orders o
      cross join lateral (
        select count(*) filter (where kind = 'charge') + max(case kind when 'capture' then 1 else 0 end) as taken
        from movement m
        where m.payment_order_id = o.payment_order_id and m.origin = 'own'
      ) booked
      where coalesce(booked.taken, 0) <> case o.status when 'SUCCESS' then 1 else 0 end`;

/** What must hold of money: orders, movements, ledger and balances agree. */
export const LEDGER_INVARIANTS: readonly Invariant[] = [
  {
    name: 'debits equal credits in every ledger transaction, currency and phase',
    scope: 'transactions',
    sql: `
      select ledger_transaction_id as subject
      from entries
      group by ledger_transaction_id, currency, phase
      having sum(case direction when 'debit' then amount_minor::numeric else -amount_minor::numeric end) <> 0`,
  },
  {
    name: 'every ledger transaction has entries',
    scope: 'transactions',
    sql: `
      select t.ledger_transaction_id as subject
      from transactions t
      where not exists (
        select from ledger_entry e where e.ledger_transaction_id = t.ledger_transaction_id and e.entry_no = 0)`,
  },
  {
    // What was posted up to some moment is summed once, in chunks (see verification.ts); what came later is summed here.
    name: 'every balance is the sum of its entries',
    scope: 'whole',
    sql: `
      select merchant_id || ' ' || account_kind || ' ' || account_owner || ' ' || currency as subject
      from (
        select merchant_id, account_kind, account_owner, currency, posted_debits, posted_credits, pending_debits,
               pending_credits
        from account_balance
        union all
        select merchant_id, account_kind, account_owner, currency, -posted_debits, -posted_credits, -pending_debits,
               -pending_credits
        from verified_balance
        union all
        select merchant_id, account_kind, account_owner, currency, -posted_debits, -posted_credits, -pending_debits,
               -pending_credits
        from (
          select merchant_id, account_kind, account_owner, currency, ${ENTRY_SUMS}
          from ledger_entry
          where ledger_transaction_id > (select coalesce(max(balances_up_to), '') from verification)
          group by 1, 2, 3, 4
        ) later
      ) both_sides
      group by merchant_id, account_kind, account_owner, currency
      having (sum(posted_debits), sum(posted_credits), sum(pending_debits), sum(pending_credits)) <> (0, 0, 0, 0)`,
  },
  { name: SUCCESS_IS_CHARGED, scope: 'payments', sql: ORDERS_NOT_CHARGED_ONCE },
  // An order changes after its payment has ended, and a movement tells.
  { name: SUCCESS_IS_CHARGED, scope: 'movements', sql: ORDERS_NOT_CHARGED_ONCE },
  { name: AMOUNTS_ARE_MOVEMENTS, scope: 'payments', sql: ORDERS_WITH_OTHER_AMOUNTS },
  { name: AMOUNTS_ARE_MOVEMENTS, scope: 'movements', sql: ORDERS_WITH_OTHER_AMOUNTS },
  {
    name: 'a movement of ours is that of its instruction, which succeeded: amount, currency, merchant, order and PSP',
    scope: 'movements',
    sql: `
      select m.movement_id as subject
      from movements m
      left join instruction i on i.instruction_id = m.instruction_id
      where m.origin = 'own'
        and (i.state, m.merchant_id, m.payment_order_id, m.psp_account, m.currency,
             case m.kind when 'charge' then m.amount_minor end)
            is distinct from
            ('succeeded', i.merchant_id, i.payment_order_id, i.psp_account, i.currency,
             case m.kind when 'charge' then i.amount_minor end)`,
  },
  {
    name: MOVEMENT_IS_POSTED,
    scope: 'movements',
    sql: `
      select m.movement_id as subject
      from movements m
      where not exists (
        select from ledger_transaction t where t.source_kind = 'movement' and t.source_id = m.movement_id)`,
  },
  {
    name: MOVEMENT_IS_POSTED,
    scope: 'transactions',
    sql: `
      select t.ledger_transaction_id as subject
      from transactions t
      where t.source_kind = 'movement' and not exists (select from movement m where m.movement_id = t.source_id)
         or t.source_kind = 'instruction' and not exists (select from instruction i where i.instruction_id = t.source_id)`,
  },
  {
    // What balances may still be another's: a pair added to an old transaction moves money from one seller to the next.
    name: 'a charge’s ledger transaction books its movement: amount, currency, merchant and splits',
    scope: 'transactions',
    sql: `
      select t.ledger_transaction_id as subject
      from transactions t
      join movement m on m.movement_id = t.source_id
      join instruction i on i.instruction_id = m.instruction_id
      join (
        select ledger_transaction_id, count(*) as entries, min(merchant_id) as first_merchant,
               max(merchant_id) as last_merchant, min(currency) as first_currency, max(currency) as last_currency,
               sum(amount_minor) filter (where direction = 'debit' and phase = 'posted') as debits
        from entries
        group by ledger_transaction_id
      ) e on e.ledger_transaction_id = t.ledger_transaction_id
      where t.source_kind = 'movement' and t.posting_type = 'charge'
        and (t.merchant_id, e.first_merchant, e.last_merchant, e.first_currency, e.last_currency, e.debits, e.entries)
            is distinct from (m.merchant_id, m.merchant_id, m.merchant_id, m.currency, m.currency, m.amount_minor::numeric,
                              1::bigint + jsonb_array_length(i.splits))`,
  },
];
