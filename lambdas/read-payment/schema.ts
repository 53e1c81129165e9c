import * as z from 'zod/mini';
import { PAYMENT_STATUSES } from '../../domain/payment/status.ts';
import { parseMoment } from './moment.ts';

const moment = (description: string) =>
  z.string().check(
    z.refine((text) => parseMoment(text) !== undefined, {
      error: ({ input }) => problemOfMoment(String(input)),
    }),
    z.meta({ format: 'date-time', description }),
  );

function problemOfMoment(text: string): string {
  // In a query, + stands for a space.
  if (parseMoment(text.replace(' ', '+')) !== undefined)
    return `has a space where a + was; write %2B for + in a query: ${text.replace(' ', '%2B')}`;
  return 'is not a time of RFC 3339 in the years 1 to 9999; write for example 2026-01-31T12:00:00Z';
}

export const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

const listFields = z.strictObject({
  limit: z.optional(
    z.string().check(
      z.refine((text) => /^([1-9]\d?|100)$/.test(text), {
        error: `is not an integer from 1 to ${MAX_LIMIT}`,
      }),
      // A query is text; the contract describes the type that the text represents.
      z.meta({
        type: 'integer',
        minimum: 1,
        maximum: MAX_LIMIT,
        default: DEFAULT_LIMIT,
        description: 'The maximum number of payments in a page.',
      }),
    ),
  ),
  cursor: z.optional(
    z.string().check(
      z.minLength(1),
      z.maxLength(300),
      z.meta({
        pattern: '^[A-Za-z0-9_-]+$',
        description: '`next_cursor` of the previous page, unchanged.',
      }),
    ),
  ),
  status: z.optional(z.enum(PAYMENT_STATUSES).check(z.describe('Payments that have this status now.'))),
  created_from: z.optional(moment('Payments created at this time or later: inclusive.')),
  created_to: z.optional(moment('Payments created before this time: exclusive.')),
});

/** The query of `GET /v1/payments`; values are text. */
export const listQuerySchema = listFields.check(
  z.check(({ value, issues }) => {
    const { created_from: from, created_to: to } = value;
    if (from === undefined || to === undefined || !isAfter(from, to)) return;
    const message = `is after created_to ${JSON.stringify(to)}, so no payment can match; exchange the two, or leave one out`;
    issues.push({ code: 'custom', input: value, path: ['created_from'], message });
  }),
);

function isAfter(one: string, other: string): boolean {
  const [first, second] = [parseMoment(one), parseMoment(other)];
  return first !== undefined && second !== undefined && first > second;
}

export type ListQuery = z.infer<typeof listQuerySchema>;
