import { createHash, createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sha256 } from '../../../adapters/sha256.ts';

const chunks = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 300 })), {
  maxLength: 4,
});

async function digestOf(hash: Sha256, parts: readonly (string | Uint8Array)[]): Promise<string> {
  for (const part of parts) hash.update(part);
  return Buffer.from(await hash.digest()).toString('hex');
}

test('it is SHA-256', async () => {
  await fc.assert(
    fc.asyncProperty(chunks, async (parts) => {
      const expected = createHash('sha256');
      for (const part of parts) expected.update(part);
      expect(await digestOf(new Sha256(), parts)).toBe(expected.digest('hex'));
    }),
  );
});

test('with a secret of any length it is HMAC-SHA-256', async () => {
  const secrets = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 200 }));
  await fc.assert(
    fc.asyncProperty(secrets, chunks, async (secret, parts) => {
      const expected = createHmac('sha256', secret);
      for (const part of parts) expected.update(part);
      expect(await digestOf(new Sha256(secret), parts)).toBe(expected.digest('hex'));
    }),
  );
});

test('a view of a part of its bytes is that part, and an array buffer is all of them', async () => {
  const bytes = Uint8Array.from([1, 2, 3, 4]);
  const view = new Sha256();
  view.update(new Uint8Array(bytes.buffer, 1, 2));
  const whole = new Sha256();
  whole.update(bytes.buffer);
  const hex = async (hash: Sha256) => Buffer.from(await hash.digest()).toString('hex');
  expect(await hex(view)).toBe(
    createHash('sha256')
      .update(Uint8Array.from([2, 3]))
      .digest('hex'),
  );
  expect(await hex(whole)).toBe(createHash('sha256').update(bytes).digest('hex'));
});
