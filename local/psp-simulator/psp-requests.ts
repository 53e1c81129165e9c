import * as z from 'zod';
import { isCurrency } from '../../domain/money/currency.ts';
import { behaviourOf } from './behaviours.ts';
import { apiError, type Reply } from './reply.ts';

const text = z.string().min(1).max(255);

/** The body of `POST /v1/charges`. */
export const chargeRequest = z.strictObject({
  reference: text,
  amount: z.int().min(1),
  currency: z.string().refine(isCurrency, 'no currency of ISO 4217'),
  payment_method: text.refine((token) => behaviourOf(token) !== undefined, 'no such payment method'),
});
export type ChargeRequest = z.infer<typeof chargeRequest>;

/** The body of `POST /v1/cancellations`. */
export const cancelRequest = z.strictObject({ reference: text, idempotency_key: text });

/** @returns the refusal of a body that can't be read or isn't what the schema asks for */
export function parseBody<Body>(
  schema: z.ZodType<Body>,
  body: string,
): Body | Extract<Reply, { kind: 'answer' }> {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return apiError(400, 'invalid_json', 'The body is not JSON.');
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const parameter = issue?.path[0] === undefined ? undefined : String(issue.path[0]);
  return apiError(422, 'invalid_parameter', issue?.message ?? 'The body is not readable.', parameter);
}

export function isIdempotencyKey(key: string | undefined): key is string {
  return key !== undefined && key.length > 0 && key.length <= 255;
}

/** Two requests are the same request when these four are. */
export function canonical(request: ChargeRequest): string {
  return JSON.stringify([request.reference, request.amount, request.currency, request.payment_method]);
}

const canonicalSchema = z.tuple([text, z.int(), text, text]);

/** The payment method of a request that was kept as `canonical` writes it. */
export function paymentMethodOf(kept: string): string {
  return canonicalSchema.parse(JSON.parse(kept))[3];
}
