import * as z from 'zod/mini';
import { PAYMENT_STATUSES } from '../../domain/payment/status.ts';

const timestamp = z.string().check(z.meta({ format: 'date-time', description: 'RFC 3339, UTC.' }));
const amount = z.int().check(z.describe('Minor units.'));

/** One question to the PSP and what came of it. */
export const attemptSchema = z.object({
  attempt_no: z.int(),
  action: z.enum(['look_up', 'send', 'invalidate', 'close', 'skip']),
  outcome: z.string(),
  detail: z.record(z.string(), z.unknown()),
  started_at: timestamp,
  finished_at: timestamp,
});

const failureSchema = z.object({ category: z.string(), code: z.string(), psp_code: z.string() });

export const paymentOrderSchema = z.object({
  id: z.string(),
  seller_id: z.optional(z.string()),
  splits: z.optional(z.array(z.object({ seller_id: z.string(), amount }))),
  amount,
  currency: z.string(),
  psp: z.string(),
  psp_reference: z.nullable(z.string()),
  status: z.enum(['NOT_STARTED', 'EXECUTING', 'SUCCESS', 'FAILED']),
  status_detail: z.nullable(
    z.enum(['queued', 'psp_requested', 'requires_action', 'authorized', 'outcome_unknown', 'manual_review']),
  ),
  failure: z.optional(failureSchema),
  updated_at: timestamp,
  timeline: z.optional(
    z
      .array(attemptSchema)
      .check(z.describe('What the PSP was asked and said, oldest first; only when one payment is read.')),
  ),
});

/** A payment as every answer shows it. */
export const paymentSchema = z.object({
  id: z.string(),
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
export type AttemptResource = z.infer<typeof attemptSchema>;
