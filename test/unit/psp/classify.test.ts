import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpExchange } from '../../../adapters/psp/http-exchange.ts';
import {
  classifyCharge,
  classifyInvalidation,
  classifyLookUp,
} from '../../../adapters/psp/simulator/classify.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const CHARGE = { id: 'ch_1', reference: 'ord_1', amount: 15000, currency: 'KRW', status: 'succeeded' };
const WAITING = { ...CHARGE, status: 'requires_action', redirect_url: 'https://psp.example/pay/ch_1' };
const WAITS = { kind: 'requires_action', pspReference: 'ch_1', redirectUrl: 'https://psp.example/pay/ch_1' };
const BELIEVED = { pspReference: 'ch_1', reference: 'ord_1', amountMinor: 15000n, currency: 'KRW' };

function answered(status: number, content: unknown, retryAfter?: string): HttpExchange {
  const body = typeof content === 'string' ? content : JSON.stringify(content);
  return { kind: 'answered', status, body, retryAfter };
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
    [402, error('lost_card'), declined('other', 'declined', 'lost_card')],
    [402, error('constructor'), declined('other', 'declined', 'constructor')],
    [400, error('invalid_json'), declined('other', 'refused_as_invalid', 'invalid_json')],
    [422, error('bad', 'payment_method'), declined('invalid_payment_method', 'refused_as_invalid', 'bad')],
    [503, error('not_processed'), { kind: 'not_sent', reason: 'HTTP 503: not_processed' }],
    [401, '', { kind: 'misconfigured', reason: 'HTTP 401: the PSP refuses our API key' }],
    [403, '', { kind: 'misconfigured', reason: 'HTTP 403: the PSP refuses our API key' }],
    [429, '', { kind: 'rate_limited', retryAfterSeconds: undefined }],
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
    ['a charge in processing', { ...CHARGE, status: 'processing' }],
    ['a charge that is to be confirmed', { ...CHARGE, status: 'authenticated' }],
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
    expect(afterCharge(answered(429, '', '7'))).toEqual({ kind: 'rate_limited', retryAfterSeconds: 7 });
  });

  it('never takes another status or body for an end of the story, nor for a proof that nothing was done', () => {
    const said = new Set([200, 201, 400, 401, 402, 403, 422, 429]);
    const others = fc.integer({ min: 100, max: 599 }).filter((status) => !said.has(status));
    fc.assert(
      fc.property(others, fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(afterCharge(answered(status, body)).kind).toBe('unknown');
      }),
    );
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
    ['expired', declined('other', 'declined', 'expired')],
    ['invalidated', declined('not_processed', 'not_processed', 'invalidated')],
  ])('finds a charge that is %s', (status, outcome) => {
    expect(afterLookUp(answered(200, { charges: [{ ...WAITING, status }] }))).toEqual({
      kind: 'found',
      outcome,
    });
  });

  it.each(['processing', 'authenticated'])('has no answer in a charge that is %s', (status) => {
    expect(afterLookUp(answered(200, { charges: [{ ...CHARGE, status }] }))).toMatchObject({
      kind: 'no_answer',
      outcome: { kind: 'unknown' },
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
    [401, '', 'misconfigured'],
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

describe('what an answer to a invalidation means', () => {
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
    [401, '', 'misconfigured'],
    [403, '', 'misconfigured'],
    [429, '', 'rate_limited'],
    [503, error('not_processed'), 'not_sent'],
    [503, INVALIDATED, 'unknown'],
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
  return { kind: 'declined', decline: { category, code, pspCode } };
}
