import * as z from 'zod/mini';
import type { Database } from '../database.ts';

/** What contradicts an invariant: what, how often, and some of it. */
export interface Violation {
  readonly invariant: string;
  readonly count: number;
  readonly examples: readonly string[];
  /** What to do about it, where one thing is to be done. */
  readonly advice?: string;
}

export interface Invariant {
  readonly name: string;
  /** Rows with one column `subject`: whatever contradicts it. */
  readonly sql: string;
}

const EXAMPLES = 10;
const foundRow = z.object({ count: z.int(), examples: z.string() });

/**
 * The invariants that the database alone can show. Each is one pass over its tables; the largest, the ledger's, takes
 * seconds at a million orders.
 */
export const INVARIANTS: readonly Invariant[] = [
  {
    name: 'debits equal credits in every ledger transaction and currency',
    sql: `
      select ledger_transaction_id as subject
      from ledger_entry
      group by ledger_transaction_id, currency
      having sum(case direction when 'debit' then amount_minor::numeric else -amount_minor::numeric end) <> 0`,
  },
  {
    name: 'every ledger transaction has entries',
    sql: `
      select t.ledger_transaction_id as subject
      from ledger_transaction t
      left join ledger_entry e on e.ledger_transaction_id = t.ledger_transaction_id and e.entry_no = 0
      where e.ledger_transaction_id is null`,
  },
  {
    name: 'every balance is the sum of its entries',
    sql: `
      select merchant_id || ' ' || account_kind || ' ' || account_owner || ' ' || currency as subject
      from (
        select merchant_id, account_kind, account_owner, currency, posted_debits as debits, posted_credits as credits
        from account_balance
        union all
        select merchant_id, account_kind, account_owner, currency,
               -coalesce(sum(amount_minor::numeric) filter (where direction = 'debit'), 0),
               -coalesce(sum(amount_minor::numeric) filter (where direction = 'credit'), 0)
        from ledger_entry
        group by 1, 2, 3, 4
      ) both_sides
      group by merchant_id, account_kind, account_owner, currency
      having sum(debits) <> 0 or sum(credits) <> 0`,
  },
  {
    name: 'a charge that succeeded has its ledger transaction, and no other has one',
    sql: `
      select coalesce(i.instruction_id, t.source_id) as subject
      from (select instruction_id from instruction where operation = 'charge' and state = 'succeeded') i
      full join (select source_id from ledger_transaction where posting_type = 'charge') t
        on t.source_id = i.instruction_id
      where i.instruction_id is null or t.source_id is null`,
  },
  {
    // What balances may still be another's: a pair added to an old transaction moves money from one seller to the next.
    name: 'a charge’s ledger transaction books its order: amount, currency, merchant and splits',
    sql: `
      select t.ledger_transaction_id as subject
      from ledger_transaction t
      join instruction i on i.instruction_id = t.source_id
      join payment_order o on o.payment_order_id = i.payment_order_id
      join (
        select ledger_transaction_id, count(*) as entries, min(merchant_id) as first_merchant,
               max(merchant_id) as last_merchant, min(currency) as first_currency, max(currency) as last_currency,
               sum(amount_minor) filter (where direction = 'debit') as debits
        from ledger_entry
        group by ledger_transaction_id
      ) e on e.ledger_transaction_id = t.ledger_transaction_id
      where t.posting_type = 'charge'
        and (t.merchant_id, e.first_merchant, e.last_merchant, e.first_currency, e.last_currency, e.debits, e.entries)
            is distinct from (o.merchant_id, o.merchant_id, o.merchant_id, o.currency, o.currency, o.amount_minor::numeric,
                              1::bigint + jsonb_array_length(o.splits))`,
  },
  {
    name: 'an order says what its instruction came to',
    sql: `
      select o.payment_order_id as subject
      from payment_order o
      join instruction i on i.payment_order_id = o.payment_order_id and i.operation = 'charge'
      where (o.status = 'SUCCESS') <> (i.state = 'succeeded')
         or (o.status = 'FAILED') <> (i.state in ('declined', 'cancelled'))
         or (i.state = 'quarantined') <> (coalesce(o.status_detail, '') = 'manual_review')`,
  },
  {
    name: 'a payment counts what its orders say',
    sql: `
      select t.payment_id as subject
      from payment t
      join (
        select payment_id, count(*) as total, count(*) filter (where status <> 'NOT_STARTED') as started,
               count(*) filter (where status = 'SUCCESS') as succeeded, count(*) filter (where status = 'FAILED') as failed
        from payment_order
        group by payment_id
      ) o using (payment_id)
      where (t.orders_total, t.orders_started, t.orders_succeeded, t.orders_failed)
            <> (o.total, o.started, o.succeeded, o.failed)`,
  },
  {
    name: 'an order is of its payment’s merchant, and an instruction of its order’s payment and merchant',
    sql: `
      select o.payment_order_id as subject
      from payment_order o
      join payment t using (payment_id)
      where t.merchant_id <> o.merchant_id
      union all
      select i.instruction_id
      from instruction i
      join payment_order o using (payment_order_id)
      where (i.payment_id, i.merchant_id) <> (o.payment_id, o.merchant_id)`,
  },
  {
    name: 'splits sum to their order’s amount',
    sql: `
      select o.payment_order_id as subject
      from payment_order o
      cross join lateral (
        select sum((s ->> 'amount_minor')::numeric) as total from jsonb_array_elements(o.splits) s
      ) splits
      where splits.total is distinct from o.amount_minor`,
  },
  {
    name: 'what is dead-lettered or quarantined has a reason',
    sql: `
      select i.instruction_id as subject
      from instruction i
      left join dead_letter d on d.dead_letter_id = i.instruction_id
      where i.state in ('dead_lettered', 'quarantined') and (d.dead_letter_id is null or d.reason = '')`,
  },
  {
    name: 'nothing waits for a message that nobody will send',
    sql: `
      select i.instruction_id as subject
      from instruction i
      where i.state in ('ready', 'executing', 'dead_lettered')
        and i.relay_due_at is null and i.waits_for is null`,
  },
  {
    name: 'owners, grants, policies, triggers, functions and logins are as the newest deployment left them',
    sql: `
      select coalesce(g.guard, s.guard)
             || case when s.guard is null then ' is new' when g.guard is null then ' is gone' else ' was changed' end
             as subject
      from schema_guard g
      full join schema_seal s on s.guard = g.guard
      where g.state is distinct from s.state or g.guard is null or s.guard is null`,
  },
  {
    name: 'nothing is overdue: the relay runs, and what waits for a closed circuit or a lifted pause is sent',
    sql: `
      select i.instruction_id as subject
      from instruction i
      where i.relay_due_at < clock() - interval '30 minutes'
      union all
      select i.instruction_id
      from instruction i
      left join psp_circuit c on i.waits_for = 'circuit:' || c.psp
      where i.waits_for is not null and i.not_before < clock() - interval '30 minutes'
        and not exists (select from processing_pause pp where i.waits_for = 'pause:' || pp.pause_id)
        and c.changed_at < clock() - interval '30 minutes'`,
  },
];

/** Read-only. @returns undefined when the invariant holds */
export async function checkInvariant(
  database: Database,
  invariant: Invariant,
): Promise<Violation | undefined> {
  const [row] = await database.execute(
    `with found as materialized (${invariant.sql})
     select count(*)::int as count,
            coalesce((select string_agg(subject, chr(10)) from (select subject from found limit ${EXAMPLES}) shown), '') as examples
     from found`,
    {},
  );
  const { count, examples } = foundRow.parse(row);
  if (count === 0) return undefined;
  return { invariant: invariant.name, count, examples: examples.split('\n') };
}

/** Of these instructions, those that are not terminal, or are not there at all. */
export async function findNotTerminal(
  database: Database,
  instructionIds: readonly string[],
): Promise<readonly string[]> {
  const rows = await database.execute(NOT_TERMINAL_SQL, { ids: instructionIds });
  return rows.map((row) => z.object({ id: z.string() }).parse(row).id);
}

const NOT_TERMINAL_SQL = `
select asked.id
from jsonb_array_elements_text(:input::jsonb -> 'ids') as asked(id)
left join instruction i on i.instruction_id = asked.id
where i.instruction_id is null or not is_terminal(i.state)
`;
