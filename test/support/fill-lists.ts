import type { Database } from '../../adapters/database/database.ts';
import { QUIET_MERCHANT } from '../../bench/history/generate-sql.ts';

/** Of which some discrepancies are found to be, which the entry of others names, and of some it is both. */
export const DIFFERING_ORDER = 'ord_differing';

/**
 * Fills what operators list, besides payments: so many of each kind, three of each moment, and one operation long ago that is
 * looked for. Every second discrepancy is resolved.
 */
export async function fillLists(database: Database, rows: number): Promise<void> {
  for (const sql of [OPERATIONS, RARE_OPERATION, POISON, EVENTS, KEYS, DISCREPANCIES, ANALYZE])
    await database.execute(sql.replaceAll('<rows>', String(rows)), {});
}

const MOMENT = `date_trunc('minute', clock()) - make_interval(mins => n / 3)`;

const OPERATIONS = `
insert into operation_log (subject_id, action, actor, reason, origin, at)
select 'subject_' || n % 7, case when n % 2 = 0 then 'redriven' else 'closed' end, 'actor_' || n % 3, 'one of many, ' || n,
       case when n % 5 = 0 then 'a laptop' else 'pipeline' end, ${MOMENT}
from generate_series(1, <rows>) as n
`;

const RARE_OPERATION = `
insert into operation_log (subject_id, action, actor, reason, origin, at)
select 'rare', 'key_revoked', 'rare', 'one', 'a laptop', clock() - interval '200 days'
`;

const POISON = `
insert into dead_letter (dead_letter_id, is_poison, poison_state, poison_body, reason, first_seen_at, last_seen_at)
select 'sha256:' || n, true, (array['waiting', 'closed', 'quarantined'])[n % 3 + 1], '\\x00', repeat('many ', 50),
       ${MOMENT}, ${MOMENT}
from generate_series(1, <rows>) as n
`;

const EVENTS = `
insert into psp_event (event_id, psp_account, psp_event_id, type, object_id, object_state, created_at, signed_at,
                       received_at, instruction_id, state, is_reordered, body_sha256, body_bytes, body)
select 'pev_' || lpad(n::text, 6, '0'), case when n % 3 = 0 then 'simulator_2' else 'simulator' end, 'evt_' || n,
       'charge.succeeded', 'ch_' || n, 'succeeded', clock() - make_interval(mins => n), clock(),
       clock() - make_interval(mins => n), 'ins_' || n % 50, case when n % 100 = 0 then 'early' else 'matched' end,
       false, repeat('0', 64), 1, '\\x00'
from generate_series(1, <rows>) as n
`;

const KEYS = `
insert into api_key (api_key_id, merchant_id, secret_hash, created_at, revoked_at)
select 'key_' || n, '${QUIET_MERCHANT}', repeat('0', 64), ${MOMENT}, clock()
from generate_series(1, <rows>) as n
`;

const DISCREPANCIES = `
insert into movement_discrepancy (discrepancy_id, psp_account, reason, kind, amount_minor, currency, occurred_at, psp_entry_id,
                                  psp_reference, reference, payment_order_id, noted_at, resolved_at)
select 'dsc_' || lpad(n::text, 6, '0'), 'simulator', case when n % 7 = 0 then 'unknown' else 'other_amount' end, 'charge',
       1000, 'USD', clock(), 'txn_' || n, 'ch_' || n, case when n % 200 = 0 then '${DIFFERING_ORDER}' else 'ord_' || n end,
       case when n % 300 = 0 then '${DIFFERING_ORDER}' end, clock(), case when n % 2 = 1 then clock() end
from generate_series(1, 2 * <rows>) as n
`;

/** As autovacuum does within a minute. */
const ANALYZE = 'analyze';
