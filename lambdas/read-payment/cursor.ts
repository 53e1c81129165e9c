import * as z from 'zod/mini';
import { Problem } from '../middleware/problem.ts';
import { PAYMENT_ID_PATTERN } from '../resources/payment.ts';
import { parseMoment } from './moment.ts';

/** The last payment of a page; the next begins right after it. */
export interface Cursor {
  readonly createdAt: string;
  readonly paymentId: string;
}

const cursorSchema = z.tuple([
  z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)),
  z.string().check(z.regex(new RegExp(PAYMENT_ID_PATTERN))),
]);

/** Opaque to clients. It contains no secret and no merchant: only the API key decides whose payments are listed. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.createdAt, cursor.paymentId])).toString('base64url');
}

/** @throws Problem 400 for anything that `encodeCursor` didn't return */
export function decodeCursor(text: string): Cursor {
  const parsed = cursorSchema.safeParse(jsonOf(text));
  if (!parsed.success || parseMoment(parsed.data[0]) === undefined) {
    throw new Problem(
      'invalid_cursor',
      'The cursor is not valid; send next_cursor of the previous page, unchanged.',
      [{ pointer: 'cursor', detail: `${JSON.stringify(text.slice(0, 60))} can't be read` }],
    );
  }
  const [createdAt, paymentId] = parsed.data;
  return { createdAt, paymentId };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
