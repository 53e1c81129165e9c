import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChargeRequest } from '../../../adapters/psp/psp.ts';
import { PSP_SIMULATOR_ABILITIES, SIMULATOR_CHARGE } from '../../../adapters/psp/simulator/abilities.ts';
import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import { SIMULATOR_HOSTS, type SimulatorInTest } from '../../support/simulator.ts';
import { SIMULATOR_KEY } from '../../support/simulator-keys.ts';

describe.each(SIMULATOR_HOSTS)('simulated PSPs %s', (_host, start) => {
  let simulator: SimulatorInTest;
  /** What is rolled next; 0.9 where nothing else is said. */
  let rolls: number[];
  beforeEach(async () => {
    rolls = [];
    simulator = await start(() => rolls.shift() ?? 0.9);
  });
  afterEach(() => simulator.close());

  const CHARGED = 0;
  const NOT_CHARGED = 0.9;
  const send = (request: ChargeRequest) => simulator.psp.execute(request, noDeadline());
  const lookUp = (request: ChargeRequest) => simulator.psp.find(request, noDeadline());
  const invalidate = (request: ChargeRequest) => simulator.psp.invalidate(request, noDeadline());
  const timesCharged = ({ reference }: ChargeRequest) => simulator.timesCharged(reference);

  /** Sends, and gives up once the simulator has begun to wait. */
  async function sendAndGiveUp(request: ChargeRequest): Promise<void> {
    const deadline = new AbortController();
    const timer = simulator.clock.nextTimer();
    const outcome = simulator.psp.execute(request, deadline.signal);
    await timer;
    deadline.abort();
    expect((await outcome).kind).toBe('unknown');
  }

  describe('a PSP whose look-up', () => {
    it('lags shows a charge once the lag is over', async () => {
      const request = aCharge('sim_ok');
      await simulator.control({ visible_after_ms: 30_000 });
      await send(request);
      simulator.clock.advance(29_999);
      expect(await lookUp(request)).toEqual({ kind: 'not_found' });
      simulator.clock.advance(1);
      expect((await lookUp(request)).kind).toBe('found');
    });

    it('is missing says nothing, and above all not "not found"', async () => {
      await simulator.control({ look_up: false });
      expect(await lookUp(aCharge('sim_ok'))).toMatchObject({
        kind: 'no_answer',
        outcome: { kind: 'unknown', reason: 'HTTP 404: no_look_up' },
      });
    });
  });

  describe('a PSP that cannot invalidate', () => {
    it('fences nothing, and says so', async () => {
      const request = aCharge('sim_ok');
      await simulator.control({ invalidate: false });
      expect(await invalidate(request)).toMatchObject({
        kind: 'no_answer',
        outcome: { kind: 'unknown', reason: 'HTTP 404: no_invalidation' },
      });
      expect((await send(request)).kind).toBe('succeeded');
    });
  });

  describe('a PSP that forgets keys', () => {
    beforeEach(() => simulator.control({ key_lifetime_ms: 1_000 }));

    it('charges a second time after their lifetime', async () => {
      const request = aCharge('sim_ok');
      await send(request);
      simulator.clock.advance(999);
      await send(request);
      expect(await timesCharged(request)).toBe(1);
      simulator.clock.advance(1);
      await send(request);
      expect(await timesCharged(request)).toBe(2);
    });

    it('never forgets one that was invalidated', async () => {
      const request = aCharge('sim_ok');
      await invalidate(request);
      simulator.clock.advance(1_000);
      expect((await send(request)).kind).toBe('declined');
    });

    it('refuses to invalidate a charge whose key it has forgotten', async () => {
      const request = aCharge('sim_ok');
      await send(request);
      simulator.clock.advance(1_000);
      expect((await invalidate(request)).kind).toBe('charged');
    });
  });

  describe('a PSP that replays server errors', () => {
    beforeEach(() => simulator.control({ replay_server_errors: true }));

    it.each([
      ['sim_500_not_charged', 0],
      ['sim_500_charged', 1],
    ])('never answers otherwise under the key of %s, with %i charges', async (token, charges) => {
      const request = aCharge(token);
      for (let call = 0; call < 3; call += 1) expect((await send(request)).kind).toBe('unknown');
      expect(await timesCharged(request)).toBe(charges);
      simulator.clock.advance(1_000);
      expect((await lookUp(request)).kind).toBe(charges === 0 ? 'not_found' : 'found');
    });

    it('replays no other answer', async () => {
      const request = aCharge('sim_rate_limited');
      expect((await send(request)).kind).toBe('rate_limited');
      expect((await send(request)).kind).toBe('succeeded');
    });

    it('can invalidate such a key with a switch', async () => {
      const request = aCharge('sim_500_not_charged');
      await send(request);
      expect(await invalidate(request)).toEqual({ kind: 'invalidated' });
      expect((await send(request)).kind).toBe('declined');
    });

    it.each([
      ['it no longer replays', { replay_server_errors: false }],
      ['it looks at no keys', { deduplicate: false }],
      ['it has forgotten the key', { key_lifetime_ms: 0 }],
    ])('charges where %s', async (_name, change) => {
      const request = aCharge('sim_500_not_charged');
      await send(request);
      await simulator.control(change);
      expect((await send(request)).kind).toBe('succeeded');
    });
  });

  describe('a PSP that fails by chance', () => {
    it.each([
      [CHARGED, 1],
      [NOT_CHARGED, 0],
    ])('answers 500 to the share that is set; a coin of %d leaves %i charges', async (coin, charges) => {
      await simulator.control({ server_error_rate: 0.5 });
      const request = aCharge('sim_ok');
      rolls = [0.49, coin];
      expect(await send(request)).toEqual({ kind: 'unknown', reason: 'HTTP 500: internal_error' });
      expect(await timesCharged(request)).toBe(charges);
      rolls = [0.5];
      expect((await send(request)).kind).toBe('succeeded');
      expect(await timesCharged(request)).toBe(1);
    });

    it.each([
      [CHARGED, 1],
      [NOT_CHARGED, 0],
    ])('never answers the share that is set; a coin of %d leaves %i charges', async (coin, charges) => {
      await simulator.control({ hang_rate: 0.5 });
      const request = aCharge('sim_ok');
      rolls = [0.49, coin];
      await sendAndGiveUp(request);
      expect(await timesCharged(request)).toBe(charges);
      rolls = [0.5];
      expect((await send(request)).kind).toBe('succeeded');
      expect(await timesCharged(request)).toBe(1);
    });

    it('fails on a repeat too, as long as its rate says so', async () => {
      await simulator.control({ server_error_rate: 1 });
      const request = aCharge('sim_ok');
      for (let call = 0; call < 3; call += 1) expect((await send(request)).kind).toBe('unknown');
      await simulator.control({ server_error_rate: 0 });
      expect((await send(request)).kind).toBe('succeeded');
    });

    it('does not change the behaviour of a faulty token', async () => {
      const request = aCharge('sim_flaky_1');
      await simulator.control({ server_error_rate: 1 });
      expect((await send(request)).kind).toBe('unknown');
      await simulator.control({ reset: true });
      expect((await send(request)).kind).toBe('not_sent');
      expect((await send(request)).kind).toBe('succeeded');
    });
  });

  describe('a PSP that limits the rate', () => {
    const request = () => aCharge('sim_ok');
    const LIMITED = { kind: 'rate_limited', retryAfterSeconds: undefined, maybeSent: false };

    it('answers so many calls a second, of any kind, and the rest with 429', async () => {
      await simulator.control({ rate_limit_per_second: 3 });
      const charged = request();
      expect((await send(charged)).kind).toBe('succeeded');
      expect((await lookUp(charged)).kind).toBe('not_found');
      expect((await invalidate(charged)).kind).toBe('charged');
      expect(await send(request())).toEqual(LIMITED);
      expect(await lookUp(charged)).toEqual({ kind: 'no_answer', outcome: LIMITED });
      expect(await invalidate(charged)).toEqual({ kind: 'no_answer', outcome: LIMITED });
    });

    it('answers as many in the next second', async () => {
      await simulator.control({ rate_limit_per_second: 1 });
      await send(request());
      expect(await send(request())).toEqual(LIMITED);
      simulator.clock.advance(1_000);
      expect((await send(request())).kind).toBe('succeeded');
    });

    it('answers one in ten seconds at a tenth of a call a second', async () => {
      await simulator.control({ rate_limit_per_second: 0.1 });
      await send(request());
      simulator.clock.advance(9_000);
      expect(await send(request())).toEqual(LIMITED);
      simulator.clock.advance(10_000);
      expect((await send(request())).kind).toBe('succeeded');
    });

    it('charges nothing that it limits, and charges it when it is sent again', async () => {
      await simulator.control({ rate_limit_per_second: 1 });
      await send(request());
      const limited = request();
      await send(limited);
      expect(await timesCharged(limited)).toBe(0);
      await simulator.control({ reset: true });
      expect((await send(limited)).kind).toBe('succeeded');
    });

    it('says when to come back, where it is set to', async () => {
      await simulator.control({ rate_limited_rate: 1, retry_after_seconds: 7 });
      expect(await send(request())).toEqual({ kind: 'rate_limited', retryAfterSeconds: 7, maybeSent: false });
    });

    it('limits the share of calls that is set', async () => {
      await simulator.control({ rate_limited_rate: 0.5 });
      rolls = [0.49];
      expect(await send(request())).toEqual(LIMITED);
      rolls = [0.5];
      expect((await send(request())).kind).toBe('succeeded');
    });
  });

  describe('a PSP whose latency is log-normal', () => {
    it('charges at once and answers as late as was rolled', async () => {
      await simulator.control({ latency: { median_ms: 400, sigma: 0.5 }, latency_ms: 100 });
      const request = aCharge('sim_ok');
      rolls = [0.5, 0.25];
      let answered = false;
      const timer = simulator.clock.nextTimer();
      const outcome = send(request).finally(() => {
        answered = true;
      });
      await timer;
      simulator.clock.advance(499);
      expect(await timesCharged(request)).toBe(1);
      expect(answered).toBe(false);
      simulator.clock.advance(1);
      expect((await outcome).kind).toBe('succeeded');
    });
  });

  describe('an adapter', () => {
    it('declares the simulator’s own abilities, or those that a test sets', () => {
      const settings = { url: simulator.listenerUrl, apiKey: SIMULATOR_KEY };
      expect(createPspSimulator(settings)).toMatchObject({
        account: 'simulator',
        abilities: {
          operations: {
            charge: { keyLifetimeSeconds: 86_400, invalidatesByKey: true, replaysStoredServerErrors: false },
          },
        },
      });
      const charge = { ...SIMULATOR_CHARGE, keyLifetimeSeconds: null, invalidatesByKey: false };
      const abilities = { ...PSP_SIMULATOR_ABILITIES, operations: { charge } };
      expect(createPspSimulator({ ...settings, account: 'simulator_2', abilities })).toMatchObject({
        account: 'simulator_2',
        abilities,
      });
    });
  });
});
