import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flakyCallsOf,
  isTestPaymentMethod,
  knownPaymentMethods,
  parsePaymentMethod,
  SIMULATOR_TOKENS,
} from '../../../domain/payment/payment-method.ts';

describe('payment methods', () => {
  it.each(Object.keys(SIMULATOR_TOKENS))('takes %s to the simulator', (token) => {
    expect(parsePaymentMethod(token)).toEqual({ psp: 'simulator', token });
  });

  it.each([
    ['pm_card_visa', 'sim_ok'],
    ['pm_card_visa_debit', 'sim_ok'],
    ['pm_card_mastercard', 'sim_ok'],
    ['pm_card_amex', 'sim_ok'],
    ['pm_card_chargeDeclined', 'sim_decline_card_declined'],
    ['pm_card_visa_chargeDeclined', 'sim_decline_card_declined'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'sim_decline_insufficient_funds'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'sim_decline_insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'sim_decline_expired_card'],
    ['pm_card_chargeDeclinedFraudulent', 'sim_decline_fraudulent'],
  ])('reads %s, known from elsewhere, as %s', (alias, token) => {
    expect(parsePaymentMethod(alias)).toEqual({ psp: 'simulator', token });
  });

  it('reads the number of a flaky token', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), (calls) => {
        expect(flakyCallsOf(`sim_flaky_${calls}`)).toBe(calls);
        expect(parsePaymentMethod(`sim_flaky_${calls}`)?.token).toBe(`sim_flaky_${calls}`);
      }),
    );
  });

  it.each([
    'sim_flaky_',
    'sim_flaky_0',
    'sim_flaky_01',
    'sim_flaky_1000',
    'sim_flaky_-1',
    'sim_flaky_1\n',
    'x_sim_flaky_1',
    'sim_OK',
    'sim_ok ',
    'sim_unheard_of',
    'sim2_unheard_of',
    'sim2_sim_ok',
    'pm_card_unheard_of',
    'tok_visa',
    '',
    '__proto__',
    'toString',
  ])('refuses %j', (token) => {
    expect(parsePaymentMethod(token)).toBeUndefined();
  });

  it('takes the same tokens with another prefix to the second simulator', () => {
    expect(parsePaymentMethod('sim2_ok')).toEqual({ psp: 'simulator_2', token: 'sim_ok' });
    expect(parsePaymentMethod('sim2_flaky_3')).toEqual({ psp: 'simulator_2', token: 'sim_flaky_3' });
    expect(isTestPaymentMethod('sim2_ok')).toBe(true);
  });

  it('knows that no real money moves by a token of the simulator, alias or not', () => {
    expect(['sim_ok', 'sim_flaky_2', 'pm_card_visa', 'tok_visa'].filter(isTestPaymentMethod)).toEqual([
      'sim_ok',
      'sim_flaky_2',
      'pm_card_visa',
    ]);
  });

  it('names every kind of choice that there is', () => {
    expect(knownPaymentMethods()).toEqual(
      expect.arrayContaining([...Object.keys(SIMULATOR_TOKENS), 'sim_flaky_<n>', 'sim2_…', 'pm_card_visa']),
    );
  });

  it('names only choices that it takes', () => {
    const named = knownPaymentMethods().map((choice) =>
      choice.replace('<n>', '3').replace('sim2_…', 'sim2_ok'),
    );
    expect(named.filter((token) => parsePaymentMethod(token) === undefined)).toEqual([]);
  });
});
