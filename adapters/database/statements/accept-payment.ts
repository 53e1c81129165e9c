import * as z from 'zod/mini';
import { assert, unreachable } from '../../../domain/assert.ts';
import type { Split } from '../../../domain/money/split.ts';
import {
  INSTRUCTION_REQUEST_VERSION,
  type InstructionRequest,
} from '../../../domain/payment/instruction-request.ts';
import { amountColumn, jsonColumn } from '../columns.ts';
import { type Database, DatabaseError, type DatabaseRow } from '../database.ts';
import { merchantFunction } from '../merchant-statement.ts';

export interface NewOrder {
  readonly paymentOrderId: string;
  readonly instructionId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly splits: readonly Split[];
  /** The merchant wrote `splits` and not a plain `seller_id`. */
  readonly isSplit: boolean;
  readonly pspAccount: string;
  /** How long the PSP takes it; undefined: at any time. */
  readonly sendWithinSeconds?: number | undefined;
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
  /** A check has refused it: nothing is written, but what was accepted before is still replayed. */
  readonly isRefused?: boolean;
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
  | { readonly kind: 'over_cap'; readonly excess: CapExcess }
  | { readonly kind: 'refused' };

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
  kind: z.enum(['created', 'replayed', 'over_cap', 'refused']),
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
  try {
    const [found] = await database.execute(ACCEPT.sql, inputOf(payment, request, caps));
    assert(found !== undefined, `the idempotency key of ${payment.paymentId} was neither new nor found`);
    return acceptanceOf(found);
  } catch (error) {
    if (isDuplicateReference(error)) return { kind: 'duplicate_merchant_reference' };
    throw error;
  }
}

function acceptanceOf(found: DatabaseRow): Acceptance {
  const { kind, fingerprint, status, location, body } = row.parse(found);
  switch (kind) {
    case 'created':
    case 'refused':
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
    amounts: amountsOf(payment.orders),
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
      send_within_seconds: order.sendWithinSeconds ?? null,
    })),
    scope: request.scope,
    key: request.key,
    fingerprint: request.fingerprint,
    status: request.answer.status,
    location: request.answer.location,
    body: request.answer.body,
    is_refused: request.isRefused ?? false,
    caps,
  };
}

/** What the payment asks for, by currency, in minor units as text. */
function amountsOf(orders: readonly NewOrder[]): Readonly<Record<string, string>> {
  const sums = new Map<string, bigint>();
  for (const { currency, amountMinor } of orders)
    sums.set(currency, (sums.get(currency) ?? 0n) + amountMinor);
  return Object.fromEntries([...sums].map(([currency, sum]) => [currency, String(sum)]));
}

/** What the adapter needs beside amount, currency and ids: the same for all orders of a payment. */
function requestOf({ paymentMethod, returnUrl, returnsAt }: NewPayment): InstructionRequest {
  const back = returnUrl === undefined ? {} : { return_url: returnUrl, returns_at: returnsAt };
  return { payment_method: paymentMethod, ...back };
}

/**
 * Keys are kept for 30 days; an older one counts as free. Steps in place of one large statement: what is accepted is one payment at
 * a time, and starting one large statement costs more than the simple inserts that it consists of. Each step sees what was
 * committed before it, so what a rival stored under the key is seen after waiting for it.
 */
export const ACCEPT = merchantFunction(
  'accept_payment',
  'kind text, fingerprint text, status int, location text, body text',
  `
  now constant timestamptz := clock();
  asked record;
  excess record;
  is_new boolean := false;`,
  `
  select * into asked
  from jsonb_to_record($1) as r(
    payment_id text, merchant_id text, merchant_reference text, buyer_id text, payment_method text, metadata text,
    request jsonb, request_version smallint, created_at timestamptz, correlation_id text, orders jsonb, amounts jsonb, scope text,
    key text, fingerprint text, status smallint, location text, body text, is_refused boolean, caps jsonb);

  -- The merchant's own cap, else everybody's, else the stage's.
  select a.key as currency, a.value as asked_minor, coalesce(own.max_amount_minor::text, asked.caps ->> a.key) as cap_minor
  into excess
  from jsonb_each_text(asked.amounts) a
  left join lateral (
    select c.max_amount_minor
    from amount_cap c
    where c.merchant_id in (asked.merchant_id, '*') and c.currency = a.key
    order by c.merchant_id = '*'
    limit 1
  ) own on true
  where a.value::bigint > coalesce(own.max_amount_minor, (asked.caps ->> a.key)::bigint)
  order by a.key
  limit 1;

  if excess is null and not asked.is_refused then
    insert into idempotency_key as k (merchant_id, scope, key, fingerprint, status, location, body, created_at)
    values (asked.merchant_id, asked.scope, asked.key, asked.fingerprint, asked.status, asked.location, asked.body, now)
    on conflict (merchant_id, scope, key) do update
    set fingerprint = excluded.fingerprint, status = excluded.status, location = excluded.location, body = excluded.body,
        created_at = excluded.created_at
    where k.created_at < excluded.created_at - interval '30 days';
    is_new := found;
  end if;

  if not is_new then
    return query
      select 'replayed', k.fingerprint, k.status::int, k.location, k.body
      from idempotency_key k
      where k.merchant_id = asked.merchant_id and k.scope = asked.scope and k.key = asked.key
        and k.created_at >= now - interval '30 days';
    if not found and asked.is_refused then
      return query select 'refused', '', 0, '', '';
    elsif not found and excess is not null then
      return query select 'over_cap', '', 0, '', to_jsonb(excess)::text;
    end if;
    return;
  end if;

  insert into payment (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at, orders_total)
  values (asked.payment_id, asked.merchant_id, asked.merchant_reference, asked.buyer_id, asked.payment_method, asked.metadata,
          asked.created_at, jsonb_array_length(asked.orders));

  with new_order as materialized (
    select *
    from jsonb_to_recordset(asked.orders) as o(
      position smallint, payment_order_id text, instruction_id text, amount_minor bigint, currency text, splits jsonb,
      is_split boolean, psp_account text, send_within_seconds int)
  ),
  inserted_order as (
    insert into payment_order (payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits, is_split,
                               psp_account, created_at, updated_at)
    select o.payment_order_id, asked.payment_id, asked.merchant_id, o.position, o.amount_minor, o.currency, o.splits, o.is_split,
           o.psp_account, asked.created_at, asked.created_at
    from new_order o
  )
  insert into instruction (instruction_id, group_id, payment_order_id, payment_id, merchant_id, operation, psp_account,
                           amount_minor, currency, splits, request, request_version, send_by, not_before, last_sent_at,
                           correlation_id)
  select o.instruction_id, o.payment_order_id, o.payment_order_id, asked.payment_id, asked.merchant_id, 'charge', o.psp_account,
         o.amount_minor, o.currency, o.splits, asked.request, asked.request_version,
         now + make_interval(secs => o.send_within_seconds), now, now, asked.correlation_id
  from new_order o;

  return query select 'created', '', 0, '', '';`,
);
