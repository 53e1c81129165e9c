import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { duplicateNameIn } from '../../../lambdas/middleware/duplicate-names.ts';
import { parseMoment } from '../../../lambdas/read-payment/moment.ts';

describe('a duplicate name in an object', () => {
  test.each([
    ['{"a":1,"a":1}', '/a'],
    ['{"a":1,"\\u0061":1}', '/a'],
    ['[0,{"a":{"b":"b","c":["b"],"b":{}}}]', '/1/a/b'],
    ['{"":[],"":[]}', '/'],
    ['{"a/b":1,"x":{},"a/b":1}', '/a~1b'],
    ['{"__proto__":1,"__proto__":2}', '/__proto__'],
    ['{"\\"":1,"\\"":2}', '/"'],
  ])('in %s is found', (json, pointer) => {
    expect(duplicateNameIn(json)?.pointer).toBe(pointer);
  });

  test.each([
    '{"a":"a","b":"a"}',
    '["a","a"]',
    '{"a":{"a":{"a":"a"}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\"a\\":1,","b":"{\\"a\\":1,\\"a\\":2}"}',
    '"a"',
  ])('is not in %s', (json) => expect(duplicateNameIn(json)).toBeUndefined());

  test('is in nothing that JSON.stringify writes', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => duplicateNameIn(JSON.stringify(value)) === undefined));
  });
});

describe('a time of RFC 3339', () => {
  test.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31t12:00:00.5z', '2026-01-31T12:00:00.500Z'],
    ['2024-02-29T23:59:59.999999999+09:00', '2024-02-29T14:59:59.999Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
  ])('%s is read', (text, moment) => expect(parseMoment(text)?.toISOString()).toBe(moment));

  test.each([
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T12:60:00Z',
    '2026-01-01T12:00:00+24:60',
    '0000-12-31T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '+10000-01-01T00:00:00Z',
    '2026-01-01',
    '',
  ])('%s is none', (text) => expect(parseMoment(text)).toBeUndefined());
});
