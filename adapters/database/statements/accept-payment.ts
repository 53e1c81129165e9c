import * as z from 'zod/mini';
import { assert, unreachable } from '../../../domain/assert.ts';
import type { Split } from '../../../domain/money/split.ts';
import {
  INSTRUCTION_REQUEST_VERSION,
  type InstructionRequest,
} from '../../../domain/payment/instruction-request.ts';
import { amountColumn, jsonColumn } from '../columns.ts';
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
  readonly pspAccount: string;
}

export interface NewPayment {
  readonly paymentId: string;
  readonly merchantId: string;
  readonly merchantReference: string;
  readonly buyerId: string;
  readonly paymentMethod: string;
  /** Where the buyer goes after coming back from the PSP. */
  readonly returnUrl?: string | undefined;
  /** Our own address for buyers who come back, without the order's id. */
  readonly returnsAt?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  /** Of the request that made it. */
  readonly correlationId: string;
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
  | { readonly kind: 'duplicate_merchant_reference' }
  | { readonly kind: 'over_cap'; readonly excess: CapExcess };

/** By currency, in minor units as text: what one payment may ask for where neither table nor merchant says otherwise. */
export type AmountCaps = Readonly<Record<string, string>>;

/** What a payment asks for in one currency, and the cap that it is over. */
export interface CapExcess {
  readonly currency: string;
  readonly askedMinor: bigint;
  readonly capMinor: bigint;
}

const excessSchema = jsonColumn(
  z.pipe(
    z.object({ currency: z.string(), asked_minor: amountColumn, cap_minor: amountColumn }),
    z.transform(({ currency, asked_minor, cap_minor }) => ({
      currency,
      askedMinor: asked_minor,
      capMinor: cap_minor,
    })),
  ),
);

const row = z.object({
  kind: z.enum(['created', 'replayed', 'over_cap']),
  fingerprint: z.string(),
  status: z.int(),
  location: z.string(),
  body: z.string(),
});

/**
 * Writes payment, orders, instructions and the idempotency key with its stored answer, or finds the answer that is
 * stored already, in one statement. Of two racing requests one creates and the other replays. Safe to replay: its own
 * key makes a second run find the first. What is over the merchant's cap, everybody's or the stage's writes nothing; what
 * was accepted before the cap was lowered is still replayed.
 */
export async function acceptPayment(
  database: Database,
  payment: NewPayment,
  request: IdempotentRequest,
  caps: AmountCaps,
): Promise<Acceptance> {
  const input = inputOf(payment, request, caps);
  try {
    const accepted = (await runOnce(database, input)) ?? (await runOnce(database, input));
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
async function runOnce(database: Database, input: AcceptInput): Promise<Acceptance | undefined> {
  const [found] = await database.execute(ACCEPT.sql, input);
  if (found === undefined) return undefined;
  const { kind, fingerprint, status, location, body } = row.parse(found);
  switch (kind) {
    case 'created':
      return { kind };
    case 'replayed':
      return { kind, fingerprint, answer: { status, location, body } };
    case 'over_cap':
      return { kind, excess: excessSchema.parse(body) };
    default:
      return unreachable(kind);
  }
}

function isDuplicateReference(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.sqlState === '23505' &&
    error.constraint === 'payment_merchant_reference_is_unique'
  );
}

type AcceptInput = ReturnType<typeof inputOf>;

function inputOf(payment: NewPayment, request: IdempotentRequest, caps: AmountCaps) {
  return {
    payment_id: payment.paymentId,
    merchant_id: payment.merchantId,
    merchant_reference: payment.merchantReference,
    buyer_id: payment.buyerId,
    payment_method: payment.paymentMethod,
    metadata: JSON.stringify(payment.metadata),
    request: { ...requestOf(payment) },
    request_version: INSTRUCTION_REQUEST_VERSION,
    created_at: payment.createdAt.toISOString(),
    correlation_id: payment.correlationId,
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
      psp_account: order.pspAccount,
    })),
    scope: request.scope,
    key: request.key,
    fingerprint: request.fingerprint,
    status: request.answer.status,
    location: request.answer.location,
    body: request.answer.body,
    caps,
  };
}

/** What the adapter needs beside amount, currency and ids: the same for all orders of a payment. */
function requestOf({ paymentMethod, returnUrl, returnsAt }: NewPayment): InstructionRequest {
  const back = returnUrl === undefined ? {} : { return_url: returnUrl, returns_at: returnsAt };
  return { payment_method: paymentMethod, ...back };
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
    request jsonb, request_version smallint, created_at timestamptz, correlation_id text, orders jsonb, scope text, key text, fingerprint text, status smallint, location text,
    body text, caps jsonb)
),
over_cap as materialized (
  -- The merchant's own cap, else everybody's, else the stage's.
  select a.currency, a.amount_minor, cap.max_amount_minor
  from input
  cross join lateral (
    select o.currency, sum(o.amount_minor)::bigint as amount_minor
    from jsonb_to_recordset(input.orders) as o(amount_minor bigint, currency text)
    group by o.currency
  ) a
  left join amount_cap own on own.merchant_id = input.merchant_id and own.currency = a.currency
  left join amount_cap everybody on everybody.merchant_id = '*' and everybody.currency = a.currency
  cross join lateral (
    select coalesce(own.max_amount_minor, everybody.max_amount_minor, (input.caps ->> a.currency)::bigint)
  ) as cap(max_amount_minor)
  where a.amount_minor > cap.max_amount_minor
  order by a.currency
  limit 1
),
new_key as (
  insert into idempotency_key as k (merchant_id, scope, key, fingerprint, status, location, body, created_at)
  select merchant_id, scope, key, fingerprint, status, location, body, moment.now
  from input, moment
  where not exists (select from over_cap)
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
    is_split boolean, psp_account text)
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
                             is_split, psp_account, created_at, updated_at)
  select o.payment_order_id, i.payment_id, i.merchant_id, o.position, o.amount_minor, o.currency, o.splits,
         o.is_split, o.psp_account, i.created_at, i.created_at
  from new_order o, input i
),
inserted_instruction as (
  insert into instruction (instruction_id, group_id, payment_order_id, payment_id, merchant_id, operation, psp_account,
                           amount_minor, currency, splits, request, request_version, not_before, last_sent_at, correlation_id)
  select o.instruction_id, o.payment_order_id, o.payment_order_id, i.payment_id, i.merchant_id, 'charge', o.psp_account,
         o.amount_minor, o.currency, o.splits, i.request, i.request_version, moment.now, moment.now, i.correlation_id
  from new_order o, input i, moment
),
stored as materialized (
  -- One that has expired is no answer: a rival has just renewed it, and the next run sees what it wrote.
  select k.fingerprint, k.status, k.location, k.body
  from idempotency_key k
  join input i using (merchant_id, scope, key)
  cross join moment
  where k.created_at >= moment.now - interval '30 days' and not exists (select from new_key)
)
select 'created' as kind, '' as fingerprint, 0 as status, '' as location, '' as body
from new_key
union all
select 'replayed', fingerprint, status, location, body
from stored
union all
select 'over_cap', '', 0, '', jsonb_build_object('currency', currency, 'asked_minor', amount_minor::text,
                                                 'cap_minor', max_amount_minor::text)::text
from over_cap
where not exists (select from stored)`,
);
