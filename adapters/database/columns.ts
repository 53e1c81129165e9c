import * as z from 'zod/mini';
import { OPERATIONS } from '../../domain/payment/psp-outcome.ts';

/** JSON that a statement returns as text, parsed and checked. */
export function jsonColumn<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.pipe(
    z.pipe(
      z.string(),
      z.transform((text): unknown => JSON.parse(text)),
    ),
    schema,
  );
}

/** An amount in minor units. It crosses as text: the Data API's numbers lose digits past 2^53. */
export const amountColumn = z.pipe(
  z.string().check(z.regex(/^-?\d+$/)),
  z.transform((digits) => BigInt(digits)),
);

/** `instruction.operation`. */
export const operationSchema = z.enum(OPERATIONS);

/** `instruction.request`. */
export const requestSchema = jsonColumn(
  z.object({
    payment_method: z.string(),
    return_url: z.optional(z.string()),
    returns_at: z.optional(z.string()),
  }),
);

/** `payment_order.splits` and `instruction.splits`, see the migrations. */
export const splitsSchema = jsonColumn(
  z.array(
    z.pipe(
      z.object({ seller_id: z.string(), amount_minor: amountColumn }),
      z.transform(({ seller_id, amount_minor }) => ({ sellerId: seller_id, amountMinor: amount_minor })),
    ),
  ),
);
