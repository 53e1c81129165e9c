import type pg from 'pg';
import { MERCHANT } from './payments.ts';

/** An order as an earlier version could leave it behind, and its instruction. */
interface Left {
  readonly name: string;
  /** The first schema that has what it takes. */
  readonly since: number;
  readonly order: string;
  readonly instruction: string;
  readonly psp?: string;
}

const NEVER = 'attempt_no = 0, first_claimed_at = null';
const ONCE =
  "attempt_no = 1, attempts_in_cycle = 1, claim_token = 'clm_before', first_claimed_at = now() - interval '2 hours'";
const FAILURE = `'{"category":"other","code":"declined","psp_code":"x"}'`;

const LEFT: readonly Left[] = [
  { name: 'never claimed', since: 2, order: "status = 'NOT_STARTED'", instruction: NEVER },
  {
    name: 'claimed by a worker that died',
    since: 2,
    order: "status = 'EXECUTING', status_detail = 'psp_requested'",
    instruction: `state = 'executing', ${ONCE}`,
  },
  {
    name: 'of unknown outcome',
    since: 2,
    order: "status = 'EXECUTING', status_detail = 'outcome_unknown'",
    instruction: `state = 'ready', reason = 'read time-out', ${ONCE}`,
  },
  {
    name: 'parked',
    since: 2,
    order: "status = 'EXECUTING', status_detail = 'psp_requested'",
    instruction: `state = 'ready', parked = true, attempts_not_sent = 1, ${ONCE}`,
  },
  {
    name: 'declined',
    since: 2,
    order: `status = 'FAILED', status_detail = null, failure = ${FAILURE}`,
    instruction: `state = 'declined', ${ONCE}`,
  },
  {
    name: 'waiting for its buyer',
    since: 2,
    order: "status = 'EXECUTING', status_detail = 'requires_action'",
    instruction: `state = 'requires_action', ${ONCE}`,
  },
  {
    name: 'in quarantine',
    since: 2,
    order: "status = 'EXECUTING', status_detail = 'manual_review'",
    instruction: `state = 'quarantined', reason = 'the PSP answered 2 KRW, asked was 1 KRW', ${ONCE}`,
  },
  {
    name: 'charged',
    since: 3,
    order: "status = 'SUCCESS', status_detail = null, psp_reference = 'ch_before'",
    instruction: `state = 'succeeded', ${ONCE}`,
  },
  {
    name: 'rolled back',
    since: 4,
    order: `status = 'FAILED', status_detail = null, failure = ${FAILURE}`,
    instruction: `state = 'cancelled', cycle = 3, ${ONCE}`,
  },
  {
    name: 'dead-lettered',
    since: 4,
    order: "status = 'EXECUTING', status_detail = 'outcome_unknown'",
    instruction: `state = 'dead_lettered', reason = 'the PSP refuses us: HTTP 401', ${ONCE}, last_sent_at = now()`,
  },
  {
    name: 'held by an operator',
    since: 4,
    order: "status = 'NOT_STARTED'",
    instruction: `parked = true, waits_for = 'hold:psp:simulator_2', ${NEVER}`,
    psp: 'simulator_2',
  },
];

/** An id of this schema's data, in the form that every version gives. */
function idOf(prefix: string, schema: number, index: number): string {
  return `${prefix}_${schema.toString(16).padStart(2, '0')}${index.toString(16).padStart(30, '0')}`;
}

/**
 * Leaves behind in a database of this schema what a version of that time could: orders in every state, and whatever else
 * the schema has a table for. The order that an instruction of a name belongs to has its index in `LEFT`.
 */
export async function leaveBehind(client: pg.Client, schema: number): Promise<void> {
  await client.query(merchantSql(schema));
  for (const [index, left] of LEFT.entries()) {
    if (left.since <= schema) await client.query(orderSql(schema, index, left));
  }
  if (schema >= 2) await client.query(keySql(schema));
  if (schema >= 4) await client.query(operationSql(schema));
  if (schema >= 6) await client.query(capSql(schema));
  if (schema >= 7) await client.query(`insert into job_run values ('job of ${schema}', now(), '{}')`);
}

function merchantSql(schema: number): string {
  const hash = schema.toString(16).padStart(64, '0');
  return `
    insert into merchant values ('mer_${schema}', 'Merchant ${schema}', now());
    insert into api_key (api_key_id, merchant_id, secret_hash, created_at, revoked_at)
    values ('key_${schema}_valid', 'mer_${schema}', '${hash}', now(), null),
           ('key_${schema}_revoked', 'mer_${schema}', '${hash}', now(), now())`;
}

function orderSql(schema: number, index: number, left: Left): string {
  const [payment, order, instruction] = ['pay', 'ord', 'ins'].map((prefix) => idOf(prefix, schema, index));
  const amount = 1_000 + index;
  const splits = `[{"seller_id":"seller_${schema}","amount_minor":"${amount}"}]`;
  const ends = /status = '(\w+)'/.exec(left.order)?.[1];
  const counts = [ends !== 'NOT_STARTED', ends === 'SUCCESS', ends === 'FAILED'].map(Number);
  return `
    insert into payment (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at,
                         orders_total, orders_started, orders_succeeded, orders_failed)
    values ('${payment}', '${MERCHANT}', '${payment}', 'buyer of ${schema}', 'sim_ok', '{"schema":"${schema}"}',
            now() - interval '3 hours', 1, ${counts.join(', ')});
    insert into payment_order (payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits,
                               is_split, psp, created_at, updated_at)
    values ('${order}', '${payment}', '${MERCHANT}', 0, ${amount}, 'KRW', '${splits}', false,
            '${left.psp ?? 'simulator'}', now(), now());
    insert into instruction (instruction_id, payment_order_id, payment_id, merchant_id, seq, operation, not_before, last_sent_at)
    values ('${instruction}', '${order}', '${payment}', '${MERCHANT}', 0, 'charge', now() - interval '1 hour',
            now() - interval '1 hour');
    update payment_order set ${left.order} where payment_order_id = '${order}';
    update instruction set ${left.instruction} where instruction_id = '${instruction}';
    insert into evidence select '${instruction}', 1, 'clm_before', 0, '${order}', 'send', 'unknown', '{}', now(), now(), now()
    from instruction where instruction_id = '${instruction}' and attempt_no > 0;
    ${ends === 'SUCCESS' ? ledgerSql(schema, instruction ?? '', amount) : ''}`;
}

function ledgerSql(schema: number, instruction: string, amount: number): string {
  const transaction = `ltx_of_${schema}`;
  const entry = (no: number, kind: string, owner: string, direction: string) =>
    `('${transaction}', ${no}, '${MERCHANT}', '${kind}', '${owner}', 'KRW', '${direction}', ${amount})`;
  const balance = (kind: string, owner: string, shard: number, debits: number, credits: number) =>
    `('${MERCHANT}', '${kind}', '${owner}', 'KRW', ${shard}, ${debits}, ${credits})`;
  return `
    begin;
    insert into ledger_transaction values ('${transaction}', '${MERCHANT}', '${instruction}', 'charge', now());
    insert into ledger_entry
    values ${entry(0, 'psp_receivable', 'simulator', 'debit')}, ${entry(1, 'seller_payable', `seller_${schema}`, 'credit')};
    insert into account_balance (merchant_id, account_kind, account_owner, currency, shard, posted_debits, posted_credits)
    values ${balance('psp_receivable', 'simulator', schema, amount, 0)},
           ${balance('seller_payable', `seller_${schema}`, 0, 0, amount)};
    commit`;
}

function keySql(schema: number): string {
  return `
    insert into idempotency_key
    values ('${MERCHANT}', 'POST /v1/payments', 'key of ${schema}', 'fingerprint', 202, '/v1/payments/x', '{"of":${schema}}', now())`;
}

function operationSql(schema: number): string {
  return `
    insert into hold values ('psp:simulator_2', now(), 'ann', 'it loses requests') on conflict do nothing;
    insert into psp_circuit (psp, unknown_in_a_row, changed_at) values ('psp_of_${schema}', 3, now());
    insert into dead_letter (dead_letter_id, is_poison, poison_state, poison_body, reason, message_id, first_seen_at, last_seen_at)
    values ('sha256:${schema}', true, 'quarantined', 'not json', 'unparseable: the body is not JSON', 'm', now(), now());
    insert into operation_log (subject_id, action, actor, reason, at)
    values ('psp:simulator_2', 'paused', 'ann', 'it loses requests', now())`;
}

function capSql(schema: number): string {
  return `
    insert into amount_cap values ('mer_${schema}', 'KRW', 1000000, now(), 'ann');
    update api_key set last_used_at = now() where api_key_id = 'key_${schema}_valid'`;
}

/** By the name of what was left behind: its instructions, of each schema up to this one. */
export function instructionsLeft(name: string, schema: number): readonly string[] {
  const index = LEFT.findIndex((left) => left.name === name);
  const since = LEFT[index]?.since ?? Number.POSITIVE_INFINITY;
  return Array.from({ length: schema }, (_, before) => before + 1)
    .filter((before) => before >= since)
    .map((before) => idOf('ins', before, index));
}
