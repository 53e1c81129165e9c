import * as z from 'zod/mini';
import { jsonColumn } from './columns.ts';
import { AnswerTooLargeError, type Database, type DatabaseRow, type JsonInput } from './database.ts';

/** Of one statement; most rows of a list have a few hundred bytes, so that a page is far below what one answer holds. */
export const PAGE_ROWS = 500;

/** Where a row stands in its list; `at` only in a list whose order is a time first. */
export interface ListPosition {
  readonly at?: string | undefined;
  readonly id: string;
}

const positionedRow = z.object({
  position: jsonColumn(z.object({ at: z.optional(z.string()), id: z.string() })),
});

export interface ListQuery {
  /** With `:input`'s `limit` and `after`, a position that may be missing; each row has its own in `position`, as JSON. */
  readonly sql: string;
  readonly input: { readonly [key: string]: JsonInput | undefined };
  /** Of the whole list. */
  readonly limit: number;
  /** The row before the first one. */
  readonly after?: ListPosition | undefined;
}

/** A list of any length: its pages are read one after the other, each by the index from the last row of the page before. */
export async function readInPages(database: Database, query: ListQuery): Promise<readonly DatabaseRow[]> {
  const rows: DatabaseRow[] = [];
  let pageRows = PAGE_ROWS;
  let after: JsonInput | undefined = query.after && { ...query.after };
  while (rows.length < query.limit) {
    const { found, limit } = await readWhatFits(
      (most) => database.execute(query.sql, { ...query.input, after, limit: most }),
      Math.min(pageRows, query.limit - rows.length),
    );
    rows.push(...found);
    const last = found.at(-1);
    if (last === undefined || found.length < limit) break;
    after = positionedRow.parse(last).position;
    // Its neighbours are as large.
    pageRows = limit;
  }
  return rows;
}

/**
 * The Data API answers 1 MiB at most: a page that is larger is halved until it fits.
 *
 * @throws AnswerTooLargeError when one row doesn't fit
 */
export async function readWhatFits<Found>(
  read: (limit: number) => Promise<Found>,
  limit: number,
): Promise<{ readonly found: Found; readonly limit: number }> {
  try {
    return { found: await read(limit), limit };
  } catch (error) {
    if (!(error instanceof AnswerTooLargeError) || limit === 1) throw error;
    return readWhatFits(read, Math.floor(limit / 2));
  }
}
