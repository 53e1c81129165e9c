import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChargeRequest } from '../../../adapters/psp/psp.ts';
import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import { SIMULATOR_HOSTS, type SimulatorInTest } from '../../support/simulator.ts';

describe.each(SIMULATOR_HOSTS)('simulated PSPs %s', (_host, start) => {
  let simulator: SimulatorInTest;
  beforeAll(async () => {
    simulator = await start();
  });
  afterAll(() => simulator.close());

  const send = (request: ChargeRequest) => simulator.psp.execute(request, noDeadline());
  const ask = (request: ChargeRequest) => simulator.psp.find(request, noDeadline());
  const timesCharged = ({ reference }: ChargeRequest) => simulator.timesCharged(reference);
  const passLookUpLag = () => simulator.clock.advance(1_000);

  /** Sends and hangs up once the simulator has begun to keep the caller waiting. */
  async function sendAndGiveUp(request: ChargeRequest): Promise<PspOutcome> {
    const deadline = new AbortController();
    const kept = simulator.clock.nextTimer();
    const outcome = simulator.psp.execute(request, deadline.signal);
    await kept;
    deadline.abort(new Error('deadline'));
    return outcome;
  }

  /** What it says when it charges, when asked, when sent again and when told to invalidate. */
  async function saysAlways(request: ChargeRequest, charge: object): Promise<void> {
    const outcome = { kind: 'succeeded', charge };
    expect(await send(request)).toMatchObject(outcome);
    passLookUpLag();
    expect(await ask(request)).toMatchObject({ kind: 'found', outcome });
    expect(await send(request)).toMatchObject(outcome);
    expect(await simulator.psp.invalidate(request, noDeadline())).toMatchObject({ kind: 'charged', charge });
    expect(await timesCharged(request)).toBe(1);
  }

  describe('tokens whose first answer is lost', () => {
    it.each([
      ['sim_500_charged', 1],
      ['sim_malformed', 1],
      ['sim_500_not_charged', 0],
    ])('%s leaves the outcome unknown, with %i charges', async (token, charges) => {
      const request = aCharge(token);
      expect((await send(request)).kind).toBe('unknown');
      expect(await timesCharged(request)).toBe(charges);
    });

    it.each([
      ['sim_timeout_charged', 1],
      ['sim_timeout_not_charged', 0],
    ])('%s never answers, with %i charges', async (token, charges) => {
      const request = aCharge(token);
      expect(await sendAndGiveUp(request)).toEqual({ kind: 'unknown', reason: 'deadline' });
      expect(await timesCharged(request)).toBe(charges);
    });

    it.each(['sim_500_charged', 'sim_malformed', 'sim_timeout_charged'])(
      '%s is found by a look-up after the lag, and not before',
      async (token) => {
        const request = aCharge(token);
        await (token === 'sim_timeout_charged' ? sendAndGiveUp(request) : send(request));
        expect(await ask(request)).toEqual({ kind: 'not_found' });
        passLookUpLag();
        expect(await ask(request)).toMatchObject({ kind: 'found', outcome: { kind: 'succeeded' } });
      },
    );

    it.each([
      'sim_500_charged',
      'sim_500_not_charged',
      'sim_malformed',
      'sim_timeout_charged',
      'sim_timeout_not_charged',
    ])('%s succeeds when sent again with its key, and has charged once', async (token) => {
      const request = aCharge(token);
      await (token.startsWith('sim_timeout') ? sendAndGiveUp(request) : send(request));
      expect(await send(request)).toMatchObject({
        kind: 'succeeded',
        charge: { reference: request.reference },
      });
      expect(await timesCharged(request)).toBe(1);
    });

    it('cuts a connection after a minute', async () => {
      const kept = simulator.clock.nextTimer();
      const outcome = send(aCharge('sim_timeout_charged'));
      await kept;
      simulator.clock.advance(60_000);
      expect((await outcome).kind).toBe('unknown');
    });
  });

  describe('tokens that are refused before anything is done', () => {
    it('sim_rate_limited says when to come back, and then charges', async () => {
      const request = aCharge('sim_rate_limited');
      expect(await send(request)).toEqual({ kind: 'rate_limited', retryAfterSeconds: 2, maybeSent: false });
      expect(await timesCharged(request)).toBe(0);
      expect((await send(request)).kind).toBe('succeeded');
      expect(await timesCharged(request)).toBe(1);
    });

    it('sim_flaky_3 is proven not to be processed three times, and then charges', async () => {
      const request = aCharge('sim_flaky_3');
      const kinds = [];
      for (let call = 1; call <= 5; call += 1) kinds.push((await send(request)).kind);
      expect(kinds).toEqual(['not_sent', 'not_sent', 'not_sent', 'succeeded', 'succeeded']);
      expect(await timesCharged(request)).toBe(1);
    });
  });

  describe('tokens that answer', () => {
    it('sim_slow_5s answers after five seconds, and a repeat at once', async () => {
      const request = aCharge('sim_slow_5s');
      const kept = simulator.clock.nextTimer();
      let answered = false;
      const outcome = send(request).finally(() => {
        answered = true;
      });
      await kept;
      simulator.clock.advance(4_999);
      expect(await timesCharged(request)).toBe(1);
      expect(answered).toBe(false);
      simulator.clock.advance(1);
      expect((await outcome).kind).toBe('succeeded');
      expect((await send(request)).kind).toBe('succeeded');
    });

    it.each([
      [1n, 2n],
      [15000n, 14999n],
      [2n ** 53n - 1n, 2n ** 53n - 2n],
    ])('sim_wrong_amount answers %i with %i, also in look-ups', async (amountMinor, taken) => {
      const request = aCharge('sim_wrong_amount', { amountMinor });
      await saysAlways(request, { reference: request.reference, amountMinor: taken });
    });

    it.each([
      ['KRW', 'USD'],
      ['USD', 'EUR'],
    ])('sim_wrong_currency answers %s with %s, also in look-ups', async (currency, taken) => {
      const request = aCharge('sim_wrong_currency', { currency });
      await saysAlways(request, { reference: request.reference, amountMinor: 15000n, currency: taken });
    });

    it('sim_wrong_reference answers another reference, also in look-ups, and is recorded under the true one', async () => {
      const request = aCharge('sim_wrong_reference');
      const reference = `another-${request.reference}`;
      await saysAlways(request, { reference, amountMinor: 15000n, currency: 'KRW' });
    });

    it.each([
      ['sim_decline_insufficient_funds', 'insufficient_funds'],
      ['sim_decline_card_declined', 'card_declined'],
      ['sim_decline_expired_card', 'expired_card'],
      ['sim_decline_fraudulent', 'fraud_suspected'],
    ])('%s declines as %s and takes no money', async (token, category) => {
      const request = aCharge(token);
      expect(await send(request)).toMatchObject({ kind: 'declined', decline: { category } });
      expect(await timesCharged(request)).toBe(0);
    });

    it('declines a payment method that it does not know', async () => {
      expect(await send(aCharge('sim_unheard_of'))).toEqual({
        kind: 'declined',
        decline: {
          category: 'invalid_payment_method',
          code: 'refused_as_invalid',
          pspCode: 'invalid_parameter',
        },
        isFinal: true,
      });
    });
  });

  describe('the PSP under test', () => {
    it('counts a faulty token by reference: another reference fails again', async () => {
      expect((await send(aCharge('sim_500_charged'))).kind).toBe('unknown');
      expect((await send(aCharge('sim_500_charged'))).kind).toBe('unknown');
    });

    it('forgets a key after a day: a repeat then is a second charge', async () => {
      const request = aCharge('sim_ok');
      await send(request);
      simulator.clock.advance(24 * 3600 * 1000 - 1);
      await send(request);
      expect(await timesCharged(request)).toBe(1);
      simulator.clock.advance(1);
      await send(request);
      expect(await timesCharged(request)).toBe(2);
    });
  });
});
