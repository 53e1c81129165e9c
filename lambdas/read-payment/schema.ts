import * as z from 'zod/mini';
import { PAYMENT_STATUSES } from '../../domain/payment/status.ts';
import { parseMoment } from './moment.ts';

const moment = z.string().check(
  z.refine((text) => parseMoment(text) !== undefined, {
    error: 'is not a time of RFC 3339 in the years 1 to 9999; write for example 2026-01-31T12:00:00Z',
  }),
  z.meta({ format: 'date-time' }),
);

export const DEFAULT_LIMIT = 20;

const listFields = z.strictObject({
  limit: z.optional(
    z.string().check(
      z.refine((text) => /^([1-9]\d?|100)$/.test(text), { error: 'is not an integer from 1 to 100' }),
      z.describe('1 to 100 payments a page; 20 when left out.'),
    ),
  ),
  cursor: z.optional(
    z.string().check(z.minLength(1), z.maxLength(300), z.describe('`next_cursor` of the page before.')),
  ),
  status: z.optional(z.enum(PAYMENT_STATUSES)),
  created_from: z.optional(moment),
  created_to: z.optional(moment),
});

/** The query of `GET /v1/payments`; values are text, as a query has them. */
export const listQuerySchema = listFields.check(
  z.check(({ value, issues }) => {
    const { created_from: from, created_to: to } = value;
    if (from === undefined || to === undefined || !isAfter(from, to)) return;
    const message = `is after created_to ${JSON.stringify(to)}, so that no payment could be found; exchange the two, or leave one out`;
    issues.push({ code: 'custom', input: value, path: ['created_from'], message });
  }),
);

function isAfter(one: string, other: string): boolean {
  const [first, second] = [parseMoment(one), parseMoment(other)];
  return first !== undefined && second !== undefined && first > second;
}

export type ListQuery = z.infer<typeof listQuerySchema>;
