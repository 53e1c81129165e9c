import type { Entry } from './record.ts';
import { type Answer, apiError } from './reply.ts';

/** The query of `GET /v1/entries`. */
export interface EntriesQuery {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** The most that one page holds, and its size by default. */
const MOST_ENTRIES = 100;
/** As `Date.prototype.toISOString` writes it. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/**
 * From the beginning to now where nothing else is said.
 *
 * @param now milliseconds since the epoch
 * @returns the refusal of a query that can't be read
 */
export function parseEntriesQuery(query: URLSearchParams, now: number): EntriesQuery | Answer {
  const from = momentOf(query.get('created_from') ?? new Date(0).toISOString());
  if (from === undefined) return invalid('created_from', 'It takes a time such as 2026-01-01T00:00:00Z.');
  const to = momentOf(query.get('created_to') ?? new Date(now).toISOString());
  if (to === undefined) return invalid('created_to', 'It takes a time such as 2026-01-01T00:00:00Z.');
  const limit = Number(query.get('limit') ?? MOST_ENTRIES);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ENTRIES) {
    return invalid('limit', `It takes a whole number from 1 to ${MOST_ENTRIES}.`);
  }
  return { from, to, limit, cursor: query.get('cursor') ?? undefined };
}

export const NO_SUCH_CURSOR = invalid('cursor', 'It is no cursor of this list.');

/** An entry's id depends on nothing but its charge: it is the same whenever it is listed. */
export function entryJson({ charge, completedAt }: Entry, settlementDelaySeconds: number) {
  return {
    id: charge.id.replace(/^ch_/, 'txn_'),
    kind: 'charge',
    amount: charge.amount,
    currency: charge.currency,
    charge: charge.id,
    reference: charge.reference,
    created_at: new Date(completedAt).toISOString(),
    available_at: new Date(completedAt + settlementDelaySeconds * 1000).toISOString(),
  };
}

function momentOf(text: string): number | undefined {
  const milliseconds = MOMENT.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

function invalid(parameter: string, message: string): Answer {
  return apiError(422, 'invalid_parameter', message, parameter);
}
