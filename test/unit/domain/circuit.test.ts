import { expect, test } from 'vitest';
import { healthOf } from '../../../domain/payment/circuit.ts';

const CHARGE = { pspReference: 'ch_1', reference: 'ord_1', amountMinor: 100n, currency: 'KRW' };
const DECLINE = { category: 'other', code: 'declined', pspCode: 'x' } as const;

test.each([
  { kind: 'succeeded', charge: CHARGE },
  { kind: 'declined', decline: DECLINE, isFinal: true },
  { kind: 'requires_action', pspReference: 'x', redirectUrl: 'https://x' },
  { kind: 'pending', pspReference: 'x' },
  { kind: 'found', outcome: { kind: 'declined', decline: DECLINE, isFinal: true } },
  { kind: 'not_found' },
  { kind: 'invalidated' },
  { kind: 'charged', charge: CHARGE },
] as const)('$kind shows a PSP that is there', (answer) => {
  expect(healthOf(answer)).toEqual({ kind: 'answered' });
});

test.each(['not_sent', 'unknown', 'misconfigured'] as const)('%s shows a PSP that fails', (kind) => {
  expect(healthOf({ kind, reason: 'why' })).toEqual({ kind: 'failed', cause: kind, reason: 'why' });
  expect(healthOf({ kind: 'no_answer', outcome: { kind, reason: 'why' } })).toMatchObject({ cause: kind });
});

test('a rate limit shows neither, and what the PSP asks for', () => {
  const limited = { kind: 'rate_limited', retryAfterSeconds: 1, maybeSent: false } as const;
  const health = { kind: 'rate_limited', retryAfterSeconds: 1 };
  expect(healthOf(limited)).toEqual(health);
  expect(healthOf({ kind: 'no_answer', outcome: limited })).toEqual(health);
});
