import * as z from 'zod/mini';
import { isLoopback } from '../domain/loopback.ts';
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

/** More than any browser accepts. */
const MAX_URL_LENGTH = 2_000;

const returnUrl = z
  .string('It takes a string.')
  .check(
    z.maxLength(MAX_URL_LENGTH, `At most ${MAX_URL_LENGTH} characters.`),
    z.refine(isReturnUrl, 'It takes an absolute https URL, or an http URL of this machine, without a user.'),
  );

/** The body of `POST /v1/charges`. */
export const chargeRequest = z.strictObject({
  reference: text,
  amount: z.int('It takes a whole number from 1.').check(z.minimum(1, 'It takes a whole number from 1.')),
  currency: z.string('It takes a string.').check(z.refine(isCurrency, 'no currency of ISO 4217')),
  payment_method: text.check(z.refine((token) => behaviourOf(token) !== undefined, 'no such payment method')),
  /** Where the payment page sends the buyer afterwards. */
  return_url: z.optional(returnUrl),
});
export type ChargeRequest = z.infer<typeof chargeRequest>;

/** The body of `POST /v1/invalidations`. */
export const invalidationRequest = z.strictObject({ reference: text, idempotency_key: text });

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

/** Two requests are the same if all these fields are equal. */
export function canonical(request: ChargeRequest): string {
  const { reference, amount, currency, payment_method, return_url } = request;
  const always = [reference, amount, currency, payment_method];
  return JSON.stringify(return_url === undefined ? always : [...always, return_url]);
}

const canonicalSchema = z.tuple([text, z.int(), text, text], z.string());

/** The payment method of a request in the format of `canonical`. */
export function paymentMethodOf(kept: string): string {
  return canonicalSchema.parse(JSON.parse(kept))[3];
}

/** The return URL of a request in the format of `canonical`. */
export function returnUrlOf(kept: string): string | undefined {
  return canonicalSchema.parse(JSON.parse(kept))[4];
}

/** The page's content security policy names the host: a host with `;` or `,` would end the directive. */
const HOST = /^[\w.:[\]-]+$/;

/** A buyer is never sent to a script, or to a network address without TLS. */
function isReturnUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || !HOST.test(url.host)) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}
