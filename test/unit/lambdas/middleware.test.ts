import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DatabaseError,
  DatabaseResumingError,
  DatabaseUnreachableError,
} from '../../../adapters/database/database.ts';
import { httpFunction } from '../../../lambdas/middleware/http.ts';
import { fingerprintOf, idempotencyKeyOf } from '../../../lambdas/middleware/idempotency.ts';
import { readQuery } from '../../../lambdas/middleware/parameters.ts';
import { Problem } from '../../../lambdas/middleware/problem.ts';
import { decodeCursor, encodeCursor } from '../../../lambdas/read-payment/cursor.ts';
import { listQuerySchema } from '../../../lambdas/read-payment/schema.ts';
import { gatewayEvent, lambdaContext } from '../../support/gateway-event.ts';

describe('a fingerprint', () => {
  const value = fc.jsonValue();
  test('doesn’t depend on the order of names or on white space', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), (body) => {
        const turned = Object.fromEntries(Object.entries(body).reverse());
        expect(fingerprintOf(JSON.parse(JSON.stringify(turned, null, 2)))).toBe(
          fingerprintOf(JSON.parse(JSON.stringify(body))),
        );
      }),
    );
  });
  test('depends on every value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value, { minKeys: 1 }), fc.integer(), (body, other) => {
        const [name = ''] = Object.keys(body);
        fc.pre(JSON.stringify(body[name]) !== JSON.stringify(other));
        expect(fingerprintOf({ ...body, [name]: other })).not.toBe(fingerprintOf(body));
      }),
    );
  });
});

describe('an idempotency key', () => {
  const keyOf = (...values: string[]) =>
    idempotencyKeyOf(gatewayEvent({ multiValueHeaders: { 'idempotency-KEY': values } }));
  test.each([
    ['abc', 'abc'],
    ['"abc"', 'abc'],
    ['"a b"', 'a b'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['k'.repeat(255), 'k'.repeat(255)],
  ])('%s is read', (given, key) => expect(keyOf(given)).toBe(key));
  test.each([
    '',
    '"',
    '"abc',
    'abc"d',
    '""',
    'a b',
    'é',
    '"é"',
    'k'.repeat(256),
    '"a\\x"',
    'a, b',
    '"a", "b"',
  ])('%j is refused', (given) => {
    expect(() => keyOf(given)).toThrow(Problem);
  });
  test('given twice or not at all is refused', () => {
    expect(() => keyOf('a', 'a')).toThrow('more than once');
    expect(() => keyOf()).toThrow('Idempotency-Key header');
  });
});

describe('a cursor', () => {
  const cursor = { createdAt: '2026-01-31T12:00:00.123Z', paymentId: `pay_${'0123456789abcdef'.repeat(2)}` };
  test('comes back as it went', () => expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor));
  test.each(['2026-02-31T00:00:00.000Z', '0000-01-01T00:00:00.000Z', '2026-01-01T24:00:00.000Z'])(
    'of a time that is none, %s, is refused',
    (createdAt) => expect(() => decodeCursor(encodeCursor({ ...cursor, createdAt }))).toThrow(Problem),
  );
  test('that was touched is refused, or is another well-formed one', () => {
    const text = encodeCursor(cursor);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (place, noise) => {
        const touched = text.slice(0, place) + noise + text.slice(place + 1);
        try {
          expect(decodeCursor(touched).paymentId).toMatch(/^pay_[0-9a-f]{32}$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_cursor' });
        }
      }),
    );
  });
});

describe('whatever a function throws', () => {
  const answerOf = (error: unknown) =>
    httpFunction(() => Promise.reject(error))(gatewayEvent({}), lambdaContext);
  test.each([
    [new Problem('not_found', 'No such thing.'), 404, 'not_found', undefined],
    [new DatabaseResumingError('x'), 503, 'database_resuming', '20'],
    [new DatabaseUnreachableError('x'), 503, 'database_unreachable', '5'],
    [
      new DatabaseError('could not extend file: No space left', '53100', undefined),
      503,
      'database_unreachable',
      '5',
    ],
    [new DatabaseError('numeric field overflow', '22003', undefined), 500, 'internal_error', undefined],
    [new Error('password=hunter2'), 500, 'internal_error', undefined],
  ])('%s is problem+json', async (error, status, code, retryAfter) => {
    const answer = await answerOf(error);
    expect(answer).toMatchObject({
      statusCode: status,
      headers: { 'Content-Type': 'application/problem+json', 'X-Request-Id': 'request-1' },
    });
    expect(answer?.headers?.['Retry-After']).toBe(retryAfter);
    const body = JSON.parse(answer?.body ?? '');
    expect(body).toMatchObject({
      type: `urn:oncepay:problem:${code}`,
      status,
      code,
      request_id: 'request-1',
      retryable: status >= 500,
    });
    expect(answer?.body).not.toContain('hunter2');
  });
});

describe('a list between two moments', () => {
  const list = (from: string, to: string) =>
    readQuery(
      listQuerySchema,
      gatewayEvent({ multiValueQueryStringParameters: { created_from: [from], created_to: [to] } }),
    );

  test('is refused where the first is after the second, by the names of both', () => {
    expect(() => list('2026-02-01T00:00:00Z', '2026-01-01T00:00:00Z')).toThrow(
      'created_from: "2026-02-01T00:00:00Z" is after created_to "2026-01-01T00:00:00Z", so no payment can match; exchange the two, or leave one out',
    );
  });

  test('tells of a plus sign that the query took for a space how to write it', () => {
    expect(() => list('2026-01-01T00:00:00 09:00', '2026-02-01T00:00:00Z')).toThrow(
      'write %2B for + in a query: 2026-01-01T00:00:00%2B09:00',
    );
  });

  test.each([
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['2026-01-01t00:00:00z', '2026-01-01T00:00:00Z'],
    ['2026-01-01T01:00:00+02:00', '2026-01-01T00:00:00Z'],
  ])('is read from %s to %s', (from, to) => {
    expect(list(from, to)).toEqual({ created_from: from, created_to: to });
  });
});
