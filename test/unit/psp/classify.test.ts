import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpExchange } from '../../../adapters/psp/http-exchange.ts';
import {
  classifyCharge,
  classifyInvalidation,
  classifyLookUp,
  classifyShownCharge,
} from '../../../adapters/psp/simulator/classify.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const CHARGE = { id: 'ch_1', reference: 'ord_1', amount: 15000, currency: 'KRW', status: 'succeeded' };
const WAITING = { ...CHARGE, status: 'requires_action', redirect_url: 'https://psp.example/pay/ch_1' };
const WAITS = { kind: 'requires_action', pspReference: 'ch_1', redirectUrl: 'https://psp.example/pay/ch_1' };
const BELIEVED = { pspReference: 'ch_1', reference: 'ord_1', amountMinor: 15000n, currency: 'KRW' };

function answered(status: number, content: unknown, retryAfter?: string): HttpExchange {
  const body = typeof content === 'string' ? content : JSON.stringify(content);
  return { kind: 'answered', status, body, retryAfter, trace: {} };
}
const error = (code: string, param?: string) => ({ error: { code, param } });
const afterCharge = (exchange: HttpExchange) => classifyCharge(exchange, NOW);
const afterInvalidation = (exchange: HttpExchange) => classifyInvalidation(exchange, 'ins_1', NOW);
const afterLookUp = (exchange: HttpExchange) => classifyLookUp(exchange, NOW);

describe('what an answer to a charge means', () => {
  it.each([
    [200, CHARGE, { kind: 'succeeded', charge: BELIEVED }],
    [201, { ...CHARGE, more: 'than we read' }, { kind: 'succeeded', charge: BELIEVED }],
    [201, WAITING, WAITS],
    [402, error('expired_card'), declined('expired_card', 'expired_card', 'expired_card')],
    [402, error('card_declined'), declined('card_declined', 'card_declined', 'card_declined')],
    [402, error('fraudulent'), declined('fraud_suspected', 'fraud_suspected', 'fraudulent')],
    [402, error('invalidated'), declined('not_processed', 'not_processed', 'invalidated')],
    [402, error('buyer_declined'), declined('other', 'declined', 'buyer_declined')],
    [400, error('invalid_json'), declined('other', 'refused_as_invalid', 'invalid_json')],
    [422, error('invalid_parameter'), declined('other', 'refused_as_invalid', 'invalid_parameter')],
    [
      422,
      error('invalid_parameter', 'payment_method'),
      declined('invalid_payment_method', 'refused_as_invalid', 'invalid_parameter'),
    ],
    [503, error('not_processed'), { kind: 'not_sent', reason: 'HTTP 503: not_processed' }],
    [
      401,
      error('invalid_api_key'),
      { kind: 'misconfigured', reason: 'HTTP 401: the PSP refuses our API key' },
    ],
    [429, error('rate_limited'), { kind: 'rate_limited', retryAfterSeconds: undefined, maybeSent: false }],
    // A gateway's own limit. It may stand behind something that keeps requests.
    [429, '', { kind: 'rate_limited', retryAfterSeconds: undefined, maybeSent: true }],
    [201, { ...CHARGE, status: 'processing' }, { kind: 'pending', pspReference: 'ch_1' }],
    [
      200,
      { ...CHARGE, status: 'processing', expires_at: '2026-01-01T00:00:05.000Z' },
      { kind: 'pending', pspReference: 'ch_1', expiresAt: new Date('2026-01-01T00:00:05Z') },
    ],
    [
      201,
      { ...WAITING, expires_at: '2026-01-01T00:30:00.000Z' },
      { ...WAITS, expiresAt: new Date('2026-01-01T00:30:00Z') },
    ],
    [
      200,
      { ...CHARGE, status: 'authenticated', send_by: '2026-01-01T00:10:00.000Z' },
      {
        kind: 'requires_action',
        pspReference: 'ch_1',
        redirectUrl: null,
        expiresAt: new Date('2026-01-01T00:10:00Z'),
      },
    ],
  ])('reads %i %j', (status, content, outcome) => {
    expect(afterCharge(answered(status, content))).toEqual(outcome);
  });

  it.each([
    ['an amount that has lost digits', { ...CHARGE, amount: 2 ** 53 }],
    ['an amount of text', { ...CHARGE, amount: '15000' }],
    ['a fraction', { ...CHARGE, amount: 150.5 }],
    ['nothing charged', { ...CHARGE, amount: 0 }],
    ['a negative amount', { ...CHARGE, amount: -1 }],
    ['no reference', { ...CHARGE, reference: undefined }],
    ['no id', { ...CHARGE, id: '' }],
    ['a status unheard of', { ...CHARGE, status: 'pending' }],
    ['a deadline that is no time', { ...WAITING, expires_at: '2026-13-01T00:00:00.000Z' }],
    ['a deadline that the database can not store', { ...WAITING, expires_at: '+12026-01-01T00:00:00Z' }],
    ['a charge that has expired', { ...CHARGE, status: 'expired' }],
    ['a charge that was invalidated', { ...CHARGE, status: 'invalidated' }],
    ['a buyer to send nowhere', { ...CHARGE, status: 'requires_action' }],
    ['a buyer to send to a script', { ...WAITING, redirect_url: 'javascript:alert(1)' }],
    ['a buyer to send over a network in the clear', { ...WAITING, redirect_url: 'http://psp.example/' }],
    ['a decline under a success', { ...CHARGE, status: 'declined' }],
    ['a list', [CHARGE]],
    ['null', null],
  ])('does not accept a success with %s', (_name, content) => {
    expect(afterCharge(answered(201, content)).kind).toBe('unknown');
  });

  it('keeps of a text what can be stored', () => {
    expect(afterCharge(answered(201, { ...CHARGE, id: 'a\0b\ud800c' }))).toMatchObject({
      charge: { pspReference: 'a\ufffdb\ufffdc' },
    });
  });

  it.each([400, 402, 422, 503])('does not accept a %i in another format than the PSP’s', (status) => {
    expect(afterCharge(answered(status, '<html>no</html>')).kind).toBe('unknown');
    expect(afterCharge(answered(status, { error: 'no' })).kind).toBe('unknown');
  });

  it('knows that nothing was sent only where no connection stood', () => {
    expect(afterCharge({ kind: 'not_connected', reason: 'ENOTFOUND' }).kind).toBe('not_sent');
    expect(afterCharge({ kind: 'broken', reason: 'ECONNRESET' }).kind).toBe('unknown');
  });

  it('carries on how long to wait', () => {
    expect(afterCharge(answered(429, error('rate_limited'), '7'))).toMatchObject({ retryAfterSeconds: 7 });
  });

  it('never takes a status for an end of the story, nor for a proof that nothing was done', () => {
    const notLimited = fc.integer({ min: 100, max: 599 }).filter((status) => status !== 429);
    const codes = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('lost_card', 'constructor'));
    const bodies = fc.oneof(
      fc.string(),
      fc.json(),
      codes.map((code) => JSON.stringify(error(code))),
    );
    fc.assert(
      fc.property(notLimited, bodies, (status, body) => {
        expect(afterCharge(answered(status, body)).kind).toBe('unknown');
      }),
    );
  });

  it.each([
    [500, error('insufficient_funds')],
    [200, error('insufficient_funds')],
    [409, error('invalid_parameter')],
    [502, error('not_processed')],
    [403, error('invalid_api_key')],
    [401, ''],
    [403, ''],
  ])('does not accept a known code under another status: %i %j', (status, content) => {
    expect(afterCharge(answered(status, content)).kind).toBe('unknown');
  });

  describe('that confirms an approved one', () => {
    const refusal = (code: string, status: string) => ({
      ...error(code),
      charge: { ...WAITING, status },
    });
    it.each([
      [200, CHARGE, { kind: 'succeeded', charge: BELIEVED }],
      [402, error('card_declined'), declined('card_declined', 'card_declined', 'card_declined')],
      [409, refusal('action_required', 'requires_action'), WAITS],
      [409, refusal('charge_processing', 'processing'), { kind: 'pending', pspReference: 'ch_1' }],
      [409, refusal('charge_expired', 'expired'), declined('expired', 'expired', 'expired')],
      [409, refusal('invalidated', 'invalidated'), declined('not_processed', 'not_processed', 'invalidated')],
    ])('reads %i %j', (status, content, outcome) => {
      expect(afterCharge(answered(status, content))).toEqual(outcome);
    });

    it('says nothing without its charge', () => {
      expect(afterCharge(answered(409, error('charge_expired'))).kind).toBe('unknown');
    });
  });
});

describe('what an answer to a look-up means', () => {
  it('finds the charge that took money, whatever was declined beside it', () => {
    const refused = { ...CHARGE, id: 'ch_0', status: 'declined', decline_code: 'card_declined' };
    for (const charges of [[refused, CHARGE], [CHARGE, refused], [CHARGE]]) {
      expect(afterLookUp(answered(200, { charges }))).toEqual({
        kind: 'found',
        outcome: { kind: 'succeeded', charge: BELIEVED },
      });
    }
  });

  it('tells of every charge that took money, not of the first alone', () => {
    const charges = [CHARGE, { ...CHARGE, id: 'ch_2' }, { ...CHARGE, id: 'ch_3', status: 'declined' }];
    expect(afterLookUp(answered(200, { charges }))).toEqual({
      kind: 'found',
      outcome: {
        kind: 'succeeded',
        charge: BELIEVED,
        furtherCharges: [{ ...BELIEVED, pspReference: 'ch_2' }],
      },
    });
  });

  it('finds a decline', () => {
    const charges = [{ ...CHARGE, status: 'declined', decline_code: 'insufficient_funds' }];
    expect(afterLookUp(answered(200, { charges }))).toEqual({
      kind: 'found',
      outcome: declined('insufficient_funds', 'insufficient_funds', 'insufficient_funds'),
    });
  });

  it.each([
    ['requires_action', WAITS],
    ['expired', declined('expired', 'expired', 'expired')],
    ['invalidated', declined('not_processed', 'not_processed', 'invalidated')],
  ])('finds a charge that is %s', (status, outcome) => {
    expect(afterLookUp(answered(200, { charges: [{ ...WAITING, status }] }))).toEqual({
      kind: 'found',
      outcome,
    });
  });

  it.each([
    ['processing', { kind: 'pending', pspReference: 'ch_1' }],
    ['authenticated', { kind: 'requires_action', pspReference: 'ch_1', redirectUrl: null }],
  ])('finds a charge that is %s as what it waits for', (status, outcome) => {
    expect(afterLookUp(answered(200, { charges: [{ ...CHARGE, status }] }))).toEqual({
      kind: 'found',
      outcome,
    });
  });

  it('takes what can still charge before what is over, in whatever order', () => {
    const expired = { ...CHARGE, id: 'ch_0', status: 'expired' };
    for (const charges of [
      [expired, WAITING],
      [WAITING, expired],
    ]) {
      expect(afterLookUp(answered(200, { charges }))).toEqual({ kind: 'found', outcome: WAITS });
    }
  });

  it('says "not found" to nothing but an empty list', () => {
    expect(afterLookUp(answered(200, { charges: [] }))).toEqual({ kind: 'not_found' });
    const bodies = fc.oneof(fc.string(), fc.json()).filter((body) => !/"charges":\[\]/.test(body));
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), bodies, (status, body) => {
        expect(afterLookUp(answered(status, body)).kind).not.toBe('not_found');
      }),
    );
  });

  it('gives up the whole list when one charge in it can not be read', () => {
    const charges = [CHARGE, { ...CHARGE, amount: '15000' }];
    expect(afterLookUp(answered(200, { charges }))).toMatchObject({
      kind: 'no_answer',
      outcome: { kind: 'unknown' },
    });
  });

  it.each([
    [401, error('invalid_api_key'), 'misconfigured'],
    [401, '', 'unknown'],
    [429, error('rate_limited'), 'rate_limited'],
    [429, '', 'rate_limited'],
    [503, error('not_processed'), 'not_sent'],
    [503, '', 'unknown'],
    [404, error('no_such_resource'), 'unknown'],
    [402, error('card_declined'), 'unknown'],
    [500, { charges: [] }, 'unknown'],
  ])('takes %i %j for no answer', (status, content, kind) => {
    expect(afterLookUp(answered(status, content))).toMatchObject({ kind: 'no_answer', outcome: { kind } });
  });
});

describe('what an answer to a look-up by the PSP’s id means', () => {
  const shown = (exchange: HttpExchange) => classifyShownCharge(exchange, 'ch_1', NOW);

  it('is the state of that charge', () => {
    expect(shown(answered(200, CHARGE))).toEqual({
      kind: 'found',
      outcome: { kind: 'succeeded', charge: BELIEVED },
    });
    expect(shown(answered(200, { ...CHARGE, status: 'declined', decline_code: 'lost_card' }))).toEqual({
      kind: 'found',
      outcome: declined('other', 'declined', 'lost_card'),
    });
  });

  it.each([
    [200, { ...CHARGE, id: 'ch_2' }],
    [200, { charges: [CHARGE] }],
    [404, error('no_such_charge')],
    [500, CHARGE],
  ])('is unknown for %i %j, never "not found"', (status, content) => {
    expect(shown(answered(status, content))).toMatchObject({
      kind: 'no_answer',
      outcome: { kind: 'unknown' },
    });
  });
});

describe('what an answer to an invalidation means', () => {
  const INVALIDATED = { idempotency_key: 'ins_1', status: 'invalidated' };
  const completed = (charge: unknown) => ({ ...error('charge_completed'), charge });

  it('is final only in the words of the PSP, and about this key', () => {
    expect(afterInvalidation(answered(200, INVALIDATED))).toEqual({ kind: 'invalidated' });
    const bodies = fc.oneof(fc.string(), fc.json()).filter((body) => !body.includes('ins_1'));
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), bodies, (status, body) => {
        expect(afterInvalidation(answered(status, body)).kind).toBe('no_answer');
      }),
    );
  });

  it('decides nothing where the PSP is still processing', () => {
    const charge = { ...CHARGE, status: 'processing' };
    expect(afterInvalidation(answered(409, { ...error('charge_processing'), charge }))).toEqual({
      kind: 'found',
      outcome: { kind: 'pending', pspReference: 'ch_1' },
    });
  });

  it('tells of the charge that can no longer be invalidated', () => {
    expect(afterInvalidation(answered(409, completed(CHARGE)))).toEqual({
      kind: 'charged',
      charge: BELIEVED,
    });
  });

  it.each([
    [200, { ...INVALIDATED, idempotency_key: 'ins_2' }, 'unknown'],
    [200, { ...INVALIDATED, status: 'pending' }, 'unknown'],
    [200, completed(CHARGE), 'unknown'],
    [201, INVALIDATED, 'unknown'],
    [409, INVALIDATED, 'unknown'],
    [409, error('idempotency_key_reused'), 'unknown'],
    [409, completed({ ...CHARGE, status: 'declined' }), 'unknown'],
    [409, completed({ ...CHARGE, amount: '15000' }), 'unknown'],
    [404, error('no_invalidation'), 'unknown'],
    [500, INVALIDATED, 'unknown'],
    [401, error('invalid_api_key'), 'misconfigured'],
    [403, '', 'unknown'],
    [429, error('rate_limited'), 'rate_limited'],
    [503, error('not_processed'), 'not_sent'],
    [503, INVALIDATED, 'unknown'],
    [409, { ...error('charge_processing'), charge: CHARGE }, 'unknown'],
  ])('takes %i %j for no answer', (status, content, kind) => {
    expect(afterInvalidation(answered(status, content))).toMatchObject({
      kind: 'no_answer',
      outcome: { kind },
    });
  });

  it('knows that nothing was sent only where no connection stood', () => {
    const outcomeOf = (kind: 'not_connected' | 'broken') => afterInvalidation({ kind, reason: 'ECONNRESET' });
    expect(outcomeOf('not_connected')).toMatchObject({ outcome: { kind: 'not_sent' } });
    expect(outcomeOf('broken')).toMatchObject({ outcome: { kind: 'unknown' } });
  });
});

function declined(category: string, code: string, pspCode: string) {
  return { kind: 'declined', decline: { category, code, pspCode }, isFinal: true };
}
