/**
 * The contents of a history. A hash of each payment's number decides its outcome, so that a history is the same every time:
 *
 * - 40 % of the payments are of one merchant, 5 % of another whose failures are all in the oldest tenth, the rest of 18 more;
 * - 85 % have one order, 10 % two, 5 % three; one order in ten is split between two sellers;
 * - 94 % of the orders succeed, 6 % are declined; 3 % needed a second attempt, 0.5 % went through the dead-letter queue;
 * - the newest payments are open: 0.02 % of all wait for their first claim, 0.005 % are in quarantine, 0.01 % are dead letters that
 *   wait, and at least one list page of each, so that lists of a short history have full pages too;
 * - the PSP sent an event of each order that has ended; one entry in a hundred of its list differed from what was booked, which is
 *   resolved; the newest payments have an entry each that names nothing of ours, and is open;
 * - idempotency keys are those of the last 31 days; people sent back a fifth of the redriven dead letters.
 */

/** The number of merchants, the sellers that each has, and how ids begin. */
export const BUSY_MERCHANT = 'mer_busy';
export const QUIET_MERCHANT = 'mer_quiet';
const SELLERS = 40;

/** A value in [0, range), the same for the same number and purpose. */
const draw = (purpose: string, range: number) =>
  `(('x' || left(md5('${purpose}' || n), 7))::bit(28)::int % ${range})`;

/** Like those of `systemIds`: UUIDs of version 7, whose first 48 bits are the millisecond. */
const id = (prefix: string, at: string, salt: string) =>
  `'${prefix}_' || lpad(to_hex(floor(extract(epoch from ${at}) * 1000)::bigint), 12, '0') || '7' || left(md5(${salt}), 19)`;

const PAYMENTS = `
create temp table made as
select n, at, ${id('pay', 'at', `'pay' || n`)} as payment_id, merchant_id, orders, fate
from (
  select n, h.started_at + make_interval(secs => h.seconds * (n + 1) / h.payments) as at,
         case when ${draw('merchant', 100)} < 40 then '${BUSY_MERCHANT}'
              when ${draw('merchant', 100)} < 45 then '${QUIET_MERCHANT}'
              else 'mer_' || ${draw('which', 18)} end as merchant_id,
         case when ${draw('orders', 100)} < 85 then 1 when ${draw('orders', 100)} < 95 then 2 else 3 end as orders,
         -- Of the newest, by their place from the end.
         case when h.payments - n <= open.ready then 'ready'
              when h.payments - n <= open.ready + open.quarantined then 'quarantined'
              when h.payments - n <= open.ready + open.quarantined + open.dead_lettered then 'dead_lettered'
              else 'ended' end as fate
  from generate_series($1::bigint, $2::bigint) as n, history h, lateral (
    select greatest(120, h.payments * 0.0002) as ready, greatest(60, h.payments * 0.00005) as quarantined,
           greatest(60, h.payments * 0.0001) as dead_lettered
  ) open
) numbered`;

const ORDERS = `
create temp table made_order as
select m.payment_id, m.merchant_id, m.at, m.fate, position, key as n,
       ${id('ord', 'm.at', `'ord' || key`)} as payment_order_id,
       ${id('ins', 'm.at', `'ins' || key`)} as instruction_id,
       ${id('mov', 'm.at', `'mov' || key`)} as movement_id, ${id('ltx', 'm.at', `'ltx' || key`)} as ledger_transaction_id,
       1000 + amount as amount_minor, case currency when 0 then 'EUR' when 1 then 'KRW' else 'USD' end as currency,
       case when is_split then
         jsonb_build_array(jsonb_build_object('seller_id', seller, 'amount_minor', '400'),
                           jsonb_build_object('seller_id', other_seller, 'amount_minor', (600 + amount)::text))
       else jsonb_build_array(jsonb_build_object('seller_id', seller, 'amount_minor', (1000 + amount)::text)) end as splits,
       is_split,
       case when m.fate <> 'ended' then m.fate
            -- Whose failures are old, and few.
            when m.merchant_id = '${QUIET_MERCHANT}' and m.n > (select payments * 0.1 from history) then 'succeeded'
            when outcome < 94 then 'succeeded' else 'declined' end as state,
       attempts, died
from (
  select k.*, ${draw('amount', 100_000)} as amount, ${draw('currency', 4)} as currency,
         'seller_' || ${draw('seller', SELLERS)} as seller, 'other_' || ${draw('other', SELLERS)} as other_seller,
         ${draw('split', 10)} = 0 as is_split, ${draw('outcome', 100)} as outcome,
         case when ${draw('attempts', 100)} < 3 then 2 else 1 end as attempts, ${draw('died', 1000)} < 5 as died
  from (
    select made.n as number, position, made.n * 10 + position as n, made.n * 10 + position as key
    from made cross join lateral generate_series(0, made.orders - 1) as position
  ) k
) drawn
join made m on m.n = drawn.number`;

const INSERT_PAYMENTS = `
insert into payment (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at, orders_total,
                     orders_started, orders_succeeded, orders_failed)
select m.payment_id, m.merchant_id, 'history-' || m.n, 'buyer_' || ${draw('buyer', 50_000)}, 'sim_ok', '{"cart":"' || m.n || '"}',
       m.at, m.orders, o.started, o.succeeded, o.failed
from made m
join (
  select payment_id, count(*) filter (where state not in ('ready', 'dead_lettered')) as started,
         count(*) filter (where state = 'succeeded') as succeeded, count(*) filter (where state = 'declined') as failed
  from made_order group by payment_id
) o using (payment_id)`;

const INSERT_ORDERS = `
insert into payment_order (payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits, is_split, psp_account, status,
                           status_detail, failure, psp_reference, authorized, captured, created_at, updated_at)
select payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits, is_split, 'simulator',
       case state when 'succeeded' then 'SUCCESS' when 'declined' then 'FAILED' when 'quarantined' then 'EXECUTING'
                  else 'NOT_STARTED' end,
       case state when 'quarantined' then 'manual_review' when 'ready' then 'queued' when 'dead_lettered' then 'queued' end,
       case state when 'declined' then '{"category":"issuer_declined","code":"card_declined","psp_code":"05"}'::jsonb end,
       case state when 'succeeded' then 'ch_' || n end, case state when 'succeeded' then amount_minor else 0 end,
       case state when 'succeeded' then amount_minor else 0 end, at, at + interval '2 seconds'
from made_order`;

const INSERT_INSTRUCTIONS = `
insert into instruction (instruction_id, group_id, payment_order_id, payment_id, merchant_id, operation, psp_account, amount_minor,
                         currency, splits, request, request_version, state, reason, attempt_no,
                         attempts_not_sent, attempts_in_cycle, cycle, claim_token, first_claimed_at, not_before, send_no, resends,
                         last_sent_at, correlation_id, accepted_at, has_dead_letter)
select instruction_id, payment_order_id, payment_order_id, payment_id, merchant_id, 'charge', 'simulator', amount_minor,
       currency, splits, '{"payment_method": "sim_ok"}', 1, state,
       case when state in ('quarantined', 'dead_lettered') then 'attempts used up' end,
       case when state = 'ready' then 0 else attempts end, 0, case when state = 'ready' then 0 else attempts end, 0,
       case when state <> 'ready' then 'clm_' || n end, case when state <> 'ready' then at + interval '0.1 seconds' end,
       at + interval '37 seconds', 0, 0, greatest(at, clock() - interval '30 seconds'), 'request-' || n, at,
       state in ('quarantined', 'dead_lettered') or died and fate = 'ended'
from made_order`;

const INSERT_EVIDENCE = `
insert into evidence (instruction_id, attempt_no, claim_token, step, payment_order_id, action, outcome, detail, started_at,
                      finished_at, recorded_at)
select instruction_id, attempt, 'clm_' || n || '_' || attempt, 0, payment_order_id, 'send',
       case when attempt < attempts or state = 'quarantined' then 'unknown'
            when state = 'dead_lettered' then 'not_sent' else state end,
       jsonb_build_object('psp_reference', 'ch_' || n, 'reason', 'answered by the history'),
       at + interval '0.2 seconds' * attempt, at + interval '0.5 seconds' * attempt, at + interval '0.6 seconds' * attempt
from made_order
cross join lateral generate_series(1, attempts) as attempt
where state <> 'ready'`;

const INSERT_MOVEMENTS = `
insert into movement (movement_id, merchant_id, psp_account, kind, amount_minor, currency, occurred_at, instruction_id,
                      payment_order_id, origin)
select movement_id, merchant_id, 'simulator', 'charge', amount_minor, currency, at + interval '2 seconds', instruction_id,
       payment_order_id, 'own'
from made_order where state = 'succeeded'`;

const INSERT_TRANSACTIONS = `
insert into ledger_transaction (ledger_transaction_id, merchant_id, source_kind, source_id, posting_type, posted_at)
select ledger_transaction_id, merchant_id, 'movement', movement_id, 'charge', at + interval '2 seconds'
from made_order where state = 'succeeded'`;

const INSERT_ENTRIES = `
insert into ledger_entry (ledger_transaction_id, entry_no, merchant_id, account_kind, account_owner, currency, direction, phase,
                          amount_minor)
select ledger_transaction_id, 0, merchant_id, 'psp_receivable', 'simulator', currency, 'debit', 'posted', amount_minor
from made_order where state = 'succeeded'
union all
select ledger_transaction_id, s.no, merchant_id, 'seller_payable', s.split ->> 'seller_id', currency, 'credit', 'posted',
       (s.split ->> 'amount_minor')::bigint
from made_order
cross join lateral jsonb_array_elements(splits) with ordinality as s(split, no)
where state = 'succeeded'`;

const INSERT_KEYS = `
insert into idempotency_key (merchant_id, scope, key, fingerprint, status, location, body, created_at)
select merchant_id, 'POST /v1/payments', 'history-' || n, md5('key' || n) || md5('finger' || n), 202, '/v1/payments/' || payment_id,
       '{"id":"' || payment_id || '","filler":"' || repeat('x', 600) || '"}', at
from made
where at > clock() - interval '31 days'`;

const INSERT_DEAD_LETTERS = `
insert into dead_letter (dead_letter_id, is_poison, reason, cycle, times_seen, first_seen_at, last_seen_at, redriven_at, state, psp)
select instruction_id, false,
       case when n % 2 = 0 then 'attempt 8 started, never finished' else 'the PSP refused the connection' end, 0, 1,
       at + interval '5 minutes', at + interval '5 minutes', case when fate = 'ended' then at + interval '10 minutes' end,
       case state when 'quarantined' then 'quarantined' when 'dead_lettered' then 'waiting' else 'resolved' end, 'simulator'
from made_order
where state in ('quarantined', 'dead_lettered') or died and fate = 'ended'`;

const INSERT_OPERATIONS = `
insert into operation_log (subject_id, action, actor, reason, origin, at)
select instruction_id, case when state = 'quarantined' then 'quarantined' else 'dead_lettered' end, 'pipeline', 'attempts used up',
       'pipeline', at + interval '5 minutes'
from made_order
where state in ('quarantined', 'dead_lettered') or died and fate = 'ended'
union all
select instruction_id, 'redriven', case when n % 5 = 0 then 'operator_' || n % 7 else 'redrive' end, 'the PSP is back',
       case when n % 5 = 0 then 'a laptop' else 'pipeline' end, at + interval '10 minutes'
from made_order
where died and fate = 'ended'
order by 6`;

const INSERT_EVENTS = `
insert into psp_event (event_id, psp_account, psp_event_id, type, object_id, object_state, created_at, signed_at, received_at,
                       instruction_id, payment_order_id, state, is_reordered, body_sha256, body_bytes, body)
select ${id('pev', 'at', `'pev' || n`)}, 'simulator', 'evt_history_' || n, 'charge.' || state, 'ch_history_' || n, state,
       at + interval '2 seconds', at + interval '3 seconds', at + interval '3 seconds', instruction_id, payment_order_id, 'ended',
       false, md5('event' || n) || md5('body' || n), 2, '{}'
from made_order where state in ('succeeded', 'declined')`;

const INSERT_DISCREPANCIES = `
insert into movement_discrepancy (discrepancy_id, psp_account, reason, kind, amount_minor, currency, occurred_at, psp_entry_id,
                                  psp_reference, reference, movement_id, instruction_id, payment_order_id, noted_at, resolved_at)
select ${id('dsc', 'at', `'dsc' || n`)}, 'simulator', case when fate = 'ended' then 'other_amount' else 'unknown' end, 'charge',
       amount_minor, currency, at, 'txn_history_' || n, 'ch_history_' || n,
       case when fate = 'ended' then payment_order_id else 'shop-' || n end,
       case when fate = 'ended' then movement_id end, case when fate = 'ended' then instruction_id end,
       case when fate = 'ended' then payment_order_id end, at + interval '1 hour',
       case when fate = 'ended' then at + interval '2 hours' end
from made_order
where fate <> 'ended' or state = 'succeeded' and ${draw('discrepancy', 100)} = 0`;

export const CHUNK_STATEMENTS: readonly string[] = [
  PAYMENTS,
  ORDERS,
  INSERT_PAYMENTS,
  INSERT_ORDERS,
  INSERT_INSTRUCTIONS,
  INSERT_EVIDENCE,
  INSERT_MOVEMENTS,
  INSERT_TRANSACTIONS,
  INSERT_ENTRIES,
  INSERT_KEYS,
  INSERT_DEAD_LETTERS,
  INSERT_OPERATIONS,
  INSERT_EVENTS,
  INSERT_DISCREPANCIES,
  'drop table made, made_order',
];

/** After all payments: balances spread over the shards as by batches, merchants with their keys. */
export const CLOSING_STATEMENTS: readonly string[] = [
  `insert into merchant (merchant_id, name, created_at) select merchant_id, merchant_id, clock() from payment group by merchant_id`,
  `insert into api_key (api_key_id, merchant_id, secret_hash, created_at, revoked_at)
   select 'key_' || merchant_id || '_' || no, merchant_id, md5(merchant_id) || md5(no::text), clock() - make_interval(days => no),
          case when no > 1 then clock() - make_interval(days => no - 1) end
   from merchant cross join generate_series(0, 20) as no`,
  `insert into amount_cap (merchant_id, currency, max_amount_minor, set_at, set_by)
   select merchant_id, 'USD', 100000000, clock(), 'operator_1' from merchant`,
  `insert into account_balance (merchant_id, account_kind, account_owner, currency, shard, posted_debits, posted_credits)
   select merchant_id, account_kind, account_owner, currency,
          case when account_kind = 'psp_receivable' then ('x' || right(ledger_transaction_id, 2))::bit(8)::int % 32 else 0 end,
          coalesce(sum(amount_minor) filter (where direction = 'debit'), 0),
          coalesce(sum(amount_minor) filter (where direction = 'credit'), 0)
   from ledger_entry
   group by 1, 2, 3, 4, 5`,
];

/** Current payments that were never claimed, all parked for one cause. */
export const PARKED_STATEMENTS: readonly string[] = [
  `create temp table made as
   select n, ${id('pay', 'clock()', `'parked' || n`)} as payment_id, ${id('ord', 'clock()', `'parked' || n`)} as payment_order_id,
          ${id('ins', 'clock()', `'parked' || n`)} as instruction_id, clock() - interval '1 hour' as at
   from generate_series($1::bigint, $2::bigint) as n`,
  `insert into payment (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at, orders_total)
   select payment_id, '${BUSY_MERCHANT}', 'parked-' || n, 'buyer', 'sim_ok', '{}', at, 1 from made`,
  `insert into payment_order (payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits, is_split, psp_account,
                              created_at, updated_at)
   select payment_order_id, payment_id, '${BUSY_MERCHANT}', 0, 1000, 'USD', '[{"seller_id":"seller_1","amount_minor":"1000"}]', false,
          'simulator', at, at from made`,
  `insert into instruction (instruction_id, group_id, payment_order_id, payment_id, merchant_id, operation, psp_account, amount_minor,
                            currency, splits, request, request_version, not_before, parked, waits_for, last_sent_at,
                            correlation_id, accepted_at)
   select instruction_id, payment_order_id, payment_order_id, payment_id, '${BUSY_MERCHANT}', 'charge', 'simulator', 1000, 'USD',
          '[{"seller_id":"seller_1","amount_minor":"1000"}]', '{"payment_method": "sim_ok"}', 1, at, true, :waits_for, at,
          'request-' || n, at
   from made`,
  'drop table made',
];
