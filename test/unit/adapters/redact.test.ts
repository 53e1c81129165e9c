import { describe, expect, test, vi } from 'vitest';
import { generateApiKey } from '../../../adapters/api-key.ts';
import { redactForLog, redactText } from '../../../adapters/redact.ts';
import { logger } from '../../../lambdas/middleware/logger.ts';

const { text: KEY, apiKeyId } = generateApiKey('live');

describe('a secret is hidden', () => {
  test.each([
    [KEY, `opk_live_${apiKeyId}_[redacted]`],
    [`Bearer ${KEY}`, `Bearer opk_live_${apiKeyId}_[redacted]`],
    ['Authorization: Basic dXNlcjpwYXNzd29yZA==', 'Authorization: Basic [redacted]'],
    ['the key AKIAIOSFODNN7EXAMPLE is', 'the key [redacted] is'],
    ['sk_live_4eC39HqLyjWDarjtT1zdp7dc', '[redacted]'],
    ['postgres://user:hunter22@host/db', 'postgres://user:[redacted]@host/db'],
    ['password=hunter22&x=1', 'password=[redacted]&x=1'],
    ['{"client_secret":"abcdefgh"}', '{"client_secret":"[redacted]"}'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', '[redacted]'],
    ['a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b', 'a [redacted] b'],
    ['-----BEGIN PRIVATE KEY-----\ncut off', '[redacted]'],
  ])('%s becomes %s', (text, hidden) => expect(redactText(text)).toBe(hidden));

  test.each([
    'pay_0190a1b2c3d4e5f60718293a4b5c6d7e',
    'no such instruction ins_0190a1b2c3d4e5f60718293a4b5c6d7e',
    'https://sqs.us-east-1.amazonaws.com/123456789012/queue.fifo',
    'the token is of the form sim_ok',
    'arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf',
  ])('but not in %s', (text) => expect(redactText(text)).toBe(text));
});

describe('a line of the log', () => {
  test('hides by form and by name, in names too, and keeps the rest', () => {
    const line = {
      Authorization: 'x',
      note: `key ${KEY}`,
      inner: { 4111111111111111: 1 },
      list: ['a'],
      n: 1,
    };
    expect(JSON.parse(JSON.stringify(line, redactForLog))).toEqual({
      Authorization: '[redacted]',
      note: `key opk_live_${apiKeyId}_[redacted]`,
      inner: { '[redacted]': 1 },
      list: ['a'],
      n: 1,
    });
  });

  test('hides what an error brings along, in its message and its stack', () => {
    const said: string[] = [];
    const stop = vi.spyOn(console, 'error').mockImplementation((line) => said.push(String(line)));
    // The logger writes by a console of its own outside of development.
    const own = Reflect.get(logger, 'console');
    Reflect.set(logger, 'console', console);
    logger.error(`failed for ${KEY}`, { error: new Error('value "4111 1111 1111 1111" is out of range') });
    Reflect.set(logger, 'console', own);
    stop.mockRestore();
    expect(said.join('\n')).toContain('out of range');
    expect(said.join('\n')).not.toContain('4111');
    expect(said.join('\n')).not.toContain(KEY.slice(-20));
  });
});
