import { expect, test } from 'vitest';
import { evidenceOf } from '../../../lambdas/execute-instructions/evidence.ts';

const CHARGE = { pspReference: 'ch_1', reference: 'ord_1', amountMinor: 100n, currency: 'KRW' };

test.each([
  [
    { kind: 'succeeded', charge: CHARGE },
    { psp_reference: 'ch_1', reference: 'ord_1', amount_minor: '100', currency: 'KRW' },
  ],
  [
    { kind: 'pending', pspReference: 'ch_1', expiresAt: new Date('2026-01-01T00:00:00Z') },
    { psp_reference: 'ch_1', expires_at: '2026-01-01T00:00:00.000Z' },
  ],
  [{ kind: 'requires_action', pspReference: 'ch_1', redirectUrl: 'https://x' }, { psp_reference: 'ch_1' }],
  [
    {
      kind: 'declined',
      decline: { category: 'expired', code: 'expired', pspCode: 'expired' },
      isFinal: true,
    },
    { category: 'expired', code: 'expired', psp_code: 'expired', is_final: true },
  ],
  [
    { kind: 'rate_limited', retryAfterSeconds: 7, maybeSent: true },
    { retry_after_seconds: 7, maybe_sent: true },
  ],
  [{ kind: 'unknown', reason: 'ECONNRESET' }, { reason: 'ECONNRESET' }],
] as const)('of $0.kind is what decides a dispute', (answer, detail) => {
  expect(evidenceOf(answer)).toEqual({ outcome: answer.kind, detail });
});

test('holds what identifies the answer at the PSP', () => {
  const trace = { 'request-id': 'req_1' };
  const outcome = { kind: 'unknown', reason: 'HTTP 500' } as const;
  expect(evidenceOf({ kind: 'no_answer', outcome, trace })).toEqual({
    outcome: 'unknown',
    detail: { reason: 'HTTP 500', trace },
  });
  expect(evidenceOf({ kind: 'not_found', trace })).toEqual({ outcome: 'not_found', detail: { trace } });
});
