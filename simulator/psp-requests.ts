import * as z from 'zod/mini';
import { isCurrency } from '../domain/money/currency.ts';
import { behaviourOf } from './behaviours.ts';
import { type Answer, apiError } from './reply.ts';

export const MAX_TEXT_LENGTH = 255;

const text = z
  .string('It takes a string.')
  .check(
    z.minLength(1, 'It is empty.'),
    z.maxLength(MAX_TEXT_LENGTH, `At most ${MAX_TEXT_LENGTH} characters.`),
  );

/** The body of `POST /v1/charges`. */
export const chargeRequest = z.strictObject({
  reference: text,
  amount: z.int('It takes a whole number from 1.').check(z.minimum(1, 'It takes a whole number from 1.')),
  currency: z.string('It takes a string.').check(z.refine(isCurrency, 'no currency of ISO 4217')),
  payment_method: text.check(z.refine((token) => behaviourOf(token) !== undefined, 'no such payment method')),
});
export type ChargeRequest = z.infer<typeof chargeRequest>;

/** The body of `POST /v1/invalidations`. */
export const cancelRequest = z.strictObject({ reference: text, idempotency_key: text });

type Parsed<Body> =
  | { readonly read: Body; readonly refusal: undefined }
  | { readonly read: undefined; readonly refusal: Answer };

/** @returns the refusal of a body that can't be read or doesn't match the schema */
export function parseBody<Schema extends z.ZodMiniType>(
  schema: Schema,
  body: string,
): Parsed<z.output<Schema>> {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return { read: undefined, refusal: apiError(400, 'invalid_json', 'The body is not JSON.') };
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return { read: parsed.data, refusal: undefined };
  const issue = parsed.error.issues[0];
  const parameter = issue?.path[0] === undefined ? undefined : String(issue.path[0]);
  return {
    read: undefined,
    refusal: apiError(422, 'invalid_parameter', issue?.message ?? 'The body is not readable.', parameter),
  };
}

export function isIdempotencyKey(key: string | undefined): key is string {
  return key !== undefined && key.length > 0 && key.length <= MAX_TEXT_LENGTH;
}

/** Two requests are the same if these four fields are equal. */
export function canonical(request: ChargeRequest): string {
  return JSON.stringify([request.reference, request.amount, request.currency, request.payment_method]);
}

const canonicalSchema = z.tuple([text, z.int(), text, text]);

/** The payment method of a request in the format of `canonical`. */
export function paymentMethodOf(kept: string): string {
  return canonicalSchema.parse(JSON.parse(kept))[3];
}
