import * as z from 'zod/mini';
import { assert } from '../../../domain/assert.ts';
import type { Split } from '../../../domain/money/split.ts';
import { type Database, DatabaseError } from '../database.ts';
import { merchantStatement } from '../merchant-statement.ts';

export interface NewOrder {
  readonly paymentOrderId: string;
  readonly instructionId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly splits: readonly Split[];
  /** The merchant wrote `splits` and not a plain `seller_id`. */
  readonly isSplit: boolean;
  readonly psp: string;
}

export interface NewPayment {
  readonly paymentId: string;
  readonly merchantId: string;
  readonly merchantReference: string;
  readonly buyerId: string;
  readonly paymentMethod: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly orders: readonly NewOrder[];
}

/** The key of an idempotent request with the answer to store under it. */
export interface IdempotentRequest {
  /** Method and path. */
  readonly scope: string;
  readonly key: string;
  /** Of the canonical body: the same key with another one is a conflict. */
  readonly fingerprint: string;
  readonly answer: StoredAnswer;
}

export interface StoredAnswer {
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

export type Acceptance =
  | { readonly kind: 'created' }
  | { readonly kind: 'replayed'; readonly fingerprint: string; readonly answer: StoredAnswer }
  | { readonly kind: 'duplicate_merchant_reference' };

const row = z.object({
  kind: z.enum(['created', 'replayed']),
  fingerprint: z.string(),
  status: z.int(),
  location: z.string(),
  body: z.string(),
});

/**
 * Writes payment, orders, instructions and the idempotency key with its stored answer, or finds the answer that is
 * stored already, in one statement. Of two racing requests one creates and the other replays. Safe to replay: its own
 * key makes a second run find the first.
 */
export async function acceptPayment(
  database: Database,
  payment: NewPayment,
  request: IdempotentRequest,
): Promise<Acceptance> {
  try {
    const accepted =
      (await runOnce(database, payment, request)) ?? (await runOnce(database, payment, request));
    assert(
      accepted !== undefined,
      `idempotency key of ${payment.paymentId} neither created nor found in two runs`,
    );
    return accepted;
  } catch (error) {
    if (isDuplicateReference(error)) return { kind: 'duplicate_merchant_reference' };
    throw error;
  }
}

/** No row: a rival committed the same key after this statement's snapshot. The next run sees it. */
async function runOnce(
  database: Database,
  payment: NewPayment,
  request: IdempotentRequest,
): Promise<Acceptance | undefined> {
  const [found] = await database.execute(ACCEPT.sql, inputOf(payment, request));
  if (found === undefined) return undefined;
  const { kind, fingerprint, status, location, body } = row.parse(found);
  return kind === 'created' ? { kind } : { kind, fingerprint, answer: { status, location, body } };
}

function isDuplicateReference(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.sqlState === '23505' &&
    error.constraint === 'payment_merchant_reference_is_unique'
  );
}

function inputOf(payment: NewPayment, request: IdempotentRequest) {
  return {
    payment_id: payment.paymentId,
    merchant_id: payment.merchantId,
    merchant_reference: payment.merchantReference,
    buyer_id: payment.buyerId,
    payment_method: payment.paymentMethod,
    metadata: JSON.stringify(payment.metadata),
    created_at: payment.createdAt.toISOString(),
    orders: payment.orders.map((order, position) => ({
      position,
      payment_order_id: order.paymentOrderId,
      instruction_id: order.instructionId,
      amount_minor: String(order.amountMinor),
      currency: order.currency,
      splits: order.splits.map((split) => ({
        seller_id: split.sellerId,
        amount_minor: String(split.amountMinor),
      })),
      is_split: order.isSplit,
      psp: order.psp,
    })),
    scope: request.scope,
    key: request.key,
    fingerprint: request.fingerprint,
    status: request.answer.status,
    location: request.answer.location,
    body: request.answer.body,
  };
}

/** Keys are kept for 30 days; an older one counts as free. */
export const ACCEPT = merchantStatement(
  'accept_payment',
  'kind text, fingerprint text, status int, location text, body text',
  `
with moment as materialized (
  select clock() as now
),
input as materialized (
  select r.*
  from jsonb_to_record(:input::jsonb) as r(
    payment_id text, merchant_id text, merchant_reference text, buyer_id text, payment_method text, metadata text,
    created_at timestamptz, orders jsonb, scope text, key text, fingerprint text, status smallint, location text,
    body text)
),
new_key as (
  insert into idempotency_key as k (merchant_id, scope, key, fingerprint, status, location, body, created_at)
  select merchant_id, scope, key, fingerprint, status, location, body, moment.now
  from input, moment
  on conflict (merchant_id, scope, key) do update
  set fingerprint = excluded.fingerprint, status = excluded.status, location = excluded.location,
      body = excluded.body, created_at = excluded.created_at
  where k.created_at < excluded.created_at - interval '30 days'
  returning merchant_id
),
new_order as materialized (
  select o.*
  from new_key, input, jsonb_to_recordset(input.orders) as o(
    position smallint, payment_order_id text, instruction_id text, amount_minor bigint, currency text, splits jsonb,
    is_split boolean, psp text)
),
new_payment as (
  insert into payment (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at,
                       orders_total)
  select payment_id, input.merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at,
         jsonb_array_length(orders)
  from input, new_key
),
inserted_order as (
  insert into payment_order (payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits,
                             is_split, psp, created_at, updated_at)
  select o.payment_order_id, i.payment_id, i.merchant_id, o.position, o.amount_minor, o.currency, o.splits,
         o.is_split, o.psp, i.created_at, i.created_at
  from new_order o, input i
),
inserted_instruction as (
  insert into instruction (instruction_id, payment_order_id, payment_id, merchant_id, seq, operation, not_before,
                           last_sent_at)
  select o.instruction_id, o.payment_order_id, i.payment_id, i.merchant_id, 0, 'charge', moment.now, moment.now
  from new_order o, input i, moment
)
select 'created' as kind, '' as fingerprint, 0 as status, '' as location, '' as body
from new_key
union all
select 'replayed', k.fingerprint, k.status::int, k.location, k.body
from idempotency_key k
join input i using (merchant_id, scope, key)
where not exists (select from new_key)`,
);
