/**
 * The writes of every other system: the same payment, order and idempotency rows, and the same ledger, as one statement
 * each. Their queue's own table replaces our instruction table.
 */
import type { Database, JsonInput } from '../../adapters/database/database.ts';
import { systemIds } from '../../adapters/ids.ts';
import type { ChargeRequest, Psp } from '../../adapters/psp/psp.ts';
import { chargePosting } from '../../domain/ledger/charge-postings.ts';
import { INSTRUCTION_REQUEST_VERSION } from '../../domain/payment/instruction-request.ts';
import type { PaymentRequest } from '../../lambdas/accept-payment/schema.ts';
import { fingerprintOf } from '../../lambdas/middleware/idempotency.ts';
import type { AcceptedAnswer } from './http-accept.ts';

export interface PeerPayment {
  readonly input: JsonInput;
  readonly job: PeerJob;
  readonly answer: AcceptedAnswer;
}

/** What a worker needs to execute one order. */
export interface PeerJob {
  readonly order_id: string;
  readonly payment_id: string;
  readonly merchant_id: string;
  readonly amount: number;
  readonly currency: string;
  readonly seller_id: string;
  readonly payment_method: string;
}

/** One order per payment, as the load sends them. */
export function peerPayment(request: PaymentRequest, merchantId: string, key: string): PeerPayment {
  const [order] = request.payment_orders;
  if (order?.seller_id === undefined) throw new Error('the benchmark pays one order to one seller');
  const paymentId = systemIds.next('pay');
  const createdAt = new Date().toISOString();
  const job = {
    order_id: systemIds.next('ord'),
    payment_id: paymentId,
    merchant_id: merchantId,
    amount: order.amount,
    currency: order.currency,
    seller_id: order.seller_id,
    payment_method: request.payment_method,
  };
  const body = JSON.stringify({ id: paymentId, ...request, status: 'NOT_STARTED', created_at: createdAt });
  const answer = { status: 202, location: `/v1/payments/${paymentId}`, body };
  const input = {
    ...job,
    key,
    fingerprint: fingerprintOf(request),
    merchant_reference: request.merchant_reference,
    buyer_id: request.buyer_id,
    created_at: createdAt,
    location: answer.location,
    body,
    job,
  };
  return { input, job, answer };
}

/** @param enqueue an expression over `input` that adds the job, in the same statement; its value is returned */
export const acceptSql = (enqueue: string) => `
with input as materialized (
  select r.*
  from jsonb_to_record(:input::jsonb) as r(
    order_id text, payment_id text, merchant_id text, amount bigint, currency text, seller_id text,
    payment_method text, key text, fingerprint text, merchant_reference text, buyer_id text, created_at timestamptz,
    location text, body text, job jsonb)
),
new_key as (
  insert into idempotency_key (merchant_id, scope, key, fingerprint, status, location, body, created_at)
  select merchant_id, 'POST /v1/payments', key, fingerprint, 202, location, body, created_at from input
  on conflict do nothing
  returning merchant_id
),
new_payment as (
  insert into payment (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at,
                       orders_total)
  select payment_id, input.merchant_id, merchant_reference, buyer_id, payment_method, '{}', created_at, 1
  from input, new_key
),
new_order as (
  insert into payment_order (payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits,
                             is_split, psp_account, created_at, updated_at)
  select order_id, payment_id, input.merchant_id, 0, amount, currency,
         jsonb_build_array(jsonb_build_object('seller_id', seller_id, 'amount_minor', amount::text)), false,
         'simulator', created_at, created_at
  from input, new_key
)
select ${enqueue} as job_id from input, new_key
`;

/** How many rows a platform account's balance is spread over, as ours. */
const SHARDS = 32;

/** Charges one job at the PSP; undefined when it must be tried again. */
export async function charge(psp: Psp, job: PeerJob): Promise<JsonInput | undefined> {
  const startedAt = new Date().toISOString();
  const request: ChargeRequest = {
    operation: 'charge',
    requestVersion: INSTRUCTION_REQUEST_VERSION,
    reference: job.order_id,
    idempotencyKey: job.order_id,
    amountMinor: BigInt(job.amount),
    currency: job.currency,
    paymentMethod: job.payment_method,
  };
  const outcome = await psp.execute(request, AbortSignal.timeout(10_000));
  if (outcome.kind !== 'succeeded') return undefined;
  const posting = chargePosting({
    psp: 'simulator',
    currency: job.currency,
    amountMinor: BigInt(job.amount),
    splits: [{ sellerId: job.seller_id, amountMinor: BigInt(job.amount) }],
  });
  return {
    order_id: job.order_id,
    payment_id: job.payment_id,
    merchant_id: job.merchant_id,
    psp_reference: outcome.charge.pspReference,
    movement_id: systemIds.next('mov'),
    ledger_transaction_id: systemIds.next('ltx'),
    started_at: startedAt,
    finished_at: new Date().toISOString(),
    entries: posting.entries.map(({ account, direction, phase, amountMinor }, index) => ({
      entry_no: index,
      account_kind: account.kind,
      account_owner: account.owner,
      currency: account.currency,
      direction,
      phase,
      amount_minor: String(amountMinor),
    })),
  };
}

/** Order, payment, evidence, ledger and balances of so many charged jobs in one statement. */
export async function recordCharges(database: Database, charged: readonly JsonInput[]): Promise<void> {
  await database.execute(RECORD_SQL, { shard: Math.floor(Math.random() * SHARDS), records: charged });
}

const RECORD_SQL = `
with parameter as materialized (
  select :input::jsonb as p
),
input as materialized (
  select r.*
  from parameter, jsonb_to_recordset(p -> 'records') as r(
    order_id text, payment_id text, merchant_id text, psp_reference text, movement_id text, ledger_transaction_id text,
    started_at timestamptz, finished_at timestamptz, entries jsonb)
),
ordered as (
  update payment_order o
  set status = 'SUCCESS', status_detail = null, psp_reference = r.psp_reference,
      authorized = o.authorized + o.amount_minor, captured = o.captured + o.amount_minor, updated_at = clock()
  from input r
  where o.payment_order_id = r.order_id and o.status <> 'SUCCESS'
  returning o.payment_order_id, o.payment_id, o.amount_minor, o.currency
),
counted as (
  update payment t
  set orders_started = t.orders_started + 1, orders_succeeded = t.orders_succeeded + 1
  from ordered
  where t.payment_id = ordered.payment_id
),
moved as (
  insert into movement (movement_id, merchant_id, psp_account, kind, amount_minor, currency, occurred_at, instruction_id,
                        payment_order_id, origin)
  select r.movement_id, r.merchant_id, 'simulator', 'charge', o.amount_minor, o.currency, clock(), r.order_id, r.order_id, 'own'
  from input r
  join ordered o on o.payment_order_id = r.order_id
),
posted as (
  insert into ledger_transaction (ledger_transaction_id, merchant_id, source_kind, source_id, posting_type, posted_at)
  select r.ledger_transaction_id, r.merchant_id, 'movement', r.movement_id, 'charge', clock()
  from input r
  join ordered on ordered.payment_order_id = r.order_id
  returning ledger_transaction_id, merchant_id
),
entered as (
  insert into ledger_entry (ledger_transaction_id, entry_no, merchant_id, account_kind, account_owner, currency,
                            direction, phase, amount_minor)
  select l.ledger_transaction_id, e.entry_no, l.merchant_id, e.account_kind, e.account_owner, e.currency,
         e.direction, e.phase, e.amount_minor
  from posted l
  join input r using (ledger_transaction_id)
  cross join lateral jsonb_to_recordset(r.entries) as e(
    entry_no smallint, account_kind text, account_owner text, currency text, direction text, phase text,
    amount_minor bigint)
  returning merchant_id, account_kind, account_owner, currency, direction, amount_minor
),
balanced as (
  insert into account_balance as b (merchant_id, account_kind, account_owner, currency, shard, posted_debits,
                                    posted_credits)
  select merchant_id, account_kind, account_owner, currency,
         case when account_kind = 'psp_receivable' then (p ->> 'shard')::smallint else 0::smallint end as shard,
         coalesce(sum(amount_minor) filter (where direction = 'debit'), 0),
         coalesce(sum(amount_minor) filter (where direction = 'credit'), 0)
  from entered, parameter
  group by 1, 2, 3, 4, 5
  order by 1, 2, 3, 4, 5
  on conflict (merchant_id, account_kind, account_owner, currency, shard) do update
  set posted_debits = b.posted_debits + excluded.posted_debits,
      posted_credits = b.posted_credits + excluded.posted_credits
)
insert into evidence (instruction_id, attempt_no, claim_token, step, payment_order_id, action, outcome, detail,
                      started_at, finished_at, recorded_at)
select r.order_id, 1, '', 0, r.order_id, 'send', 'succeeded', jsonb_build_object('psp_reference', r.psp_reference),
       r.started_at, r.finished_at, clock()
from input r
on conflict do nothing
`;
