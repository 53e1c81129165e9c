import * as z from 'zod/mini';
import { MOVEMENT_KINDS } from '../../domain/ledger/movement.ts';
import { MAX_AMOUNT_MINOR } from '../../domain/money/currency.ts';
import { PAYMENT_STATUSES } from '../../domain/payment/status.ts';

const timestamp = z.string().check(z.meta({ format: 'date-time', description: 'RFC 3339, UTC.' }));
const amount = z
  .int()
  .check(z.minimum(1), z.maximum(Number(MAX_AMOUNT_MINOR)), z.describe('An integer in minor units.'));
const moved = z.int().check(z.minimum(0), z.maximum(Number(MAX_AMOUNT_MINOR)));
const currency = z.string().check(z.meta({ pattern: '^[A-Z]{3}$', description: 'ISO 4217.' }));

export const PAYMENT_ID_PATTERN = '^pay_[0-9a-f]{32}$';

/** One question to the PSP and what came of it. */
export const attemptSchema = z.object({
  attempt_no: z.int(),
  action: z.enum(['look_up', 'send', 'invalidate', 'close', 'skip']),
  outcome: z.string(),
  detail: z.record(z.string(), z.unknown()),
  started_at: timestamp,
  finished_at: timestamp,
});

/** Money that moved at the PSP. */
export const movementSchema = z.object({
  id: z.string().check(z.meta({ pattern: '^mov_[0-9a-f]{32}$' })),
  kind: z.enum(MOVEMENT_KINDS),
  amount: z.int().check(z.describe('An integer in minor units; the kind says which way the money moved.')),
  currency,
  occurred_at: timestamp,
  available_at: z
    .nullable(timestamp)
    .check(z.describe('When the PSP makes it available; null until it says so.')),
});

const failureSchema = z.object({ category: z.string(), code: z.string(), psp_code: z.string() });

export const nextActionSchema = z
  .object({
    type: z.literal('redirect'),
    url: z.string(),
    expires_at: z.nullable(timestamp),
  })
  .check(z.describe('What the buyer has to do next; only while `status_detail` is `awaiting_buyer`.'));

export const paymentOrderSchema = z.object({
  id: z.string().check(z.meta({ pattern: '^ord_[0-9a-f]{32}$' })),
  seller_id: z.optional(z.string()),
  splits: z.optional(z.array(z.object({ seller_id: z.string(), amount }))),
  amount,
  currency,
  amount_captured: moved.check(z.describe('What was taken from the buyer so far, in minor units.')),
  amount_refunded: moved.check(z.describe('What of it was given back, in minor units.')),
  psp: z.string(),
  psp_reference: z.nullable(z.string()),
  status: z.enum(['NOT_STARTED', 'EXECUTING', 'SUCCESS', 'FAILED']),
  status_detail: z.nullable(
    z.enum([
      'queued',
      'psp_requested',
      'awaiting_buyer',
      'awaiting_psp',
      'authorized',
      'outcome_unknown',
      'manual_review',
    ]),
  ),
  next_action: z.optional(nextActionSchema),
  failure: z.optional(failureSchema),
  updated_at: timestamp,
  movements: z.optional(
    z
      .array(movementSchema)
      .check(z.describe('The money that moved at the PSP, oldest first; only when one payment is read.')),
  ),
  timeline: z.optional(
    z
      .array(attemptSchema)
      .check(z.describe('What the PSP was asked and said, oldest first; only when one payment is read.')),
  ),
});

/** A payment as every answer shows it. */
export const paymentSchema = z.object({
  id: z.string().check(z.meta({ pattern: PAYMENT_ID_PATTERN })),
  merchant_reference: z.string(),
  buyer_id: z.string(),
  payment_method: z.string(),
  metadata: z.record(z.string(), z.string()),
  status: z.enum(PAYMENT_STATUSES),
  created_at: timestamp,
  payment_orders: z.array(paymentOrderSchema),
});

export const paymentListSchema = z.object({
  data: z.array(paymentSchema),
  has_more: z.boolean(),
  next_cursor: z.nullable(z.string()),
});

export type PaymentResource = z.infer<typeof paymentSchema>;
export type PaymentOrderResource = z.infer<typeof paymentOrderSchema>;
export type MovementResource = z.infer<typeof movementSchema>;
export type AttemptResource = z.infer<typeof attemptSchema>;
