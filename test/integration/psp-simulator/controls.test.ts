import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChargeRequest } from '../../../adapters/psp/psp.ts';
import { systemClock } from '../../../local/clock.ts';
import { startPspSimulator } from '../../../local/psp-simulator/psp-simulator.ts';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import { SIMULATOR_HOSTS, type SimulatorInTest, startSimulatorInTest } from '../../support/simulator.ts';

describe.each(SIMULATOR_HOSTS)('simulated PSPs %s', (_host, start) => {
  let simulator: SimulatorInTest;
  beforeEach(async () => {
    simulator = await start();
  });
  afterEach(() => simulator.close());

  const send = (request: ChargeRequest) => simulator.psp.execute(request, noDeadline());

  describe('a PSP that can not be reached', () => {
    it('accepts nothing until its time is over, and its callers notice', async () => {
      await simulator.control({ down_for_seconds: 20 });
      simulator.clock.advance(19_999);
      const request = aCharge('sim_ok');
      expect((await send(request)).kind).toBe('not_sent');
      expect(await simulator.psp.invalidate(request, noDeadline())).toMatchObject({
        outcome: { kind: 'not_sent' },
      });
      expect(await simulator.timesCharged(request.reference)).toBe(0);
      await simulator.control({ down_for_seconds: 0 });
      expect((await send(request)).kind).toBe('succeeded');
    });

    it('has no call on record that came meanwhile', async () => {
      const request = aCharge('sim_ok');
      await simulator.control({ down_for_seconds: 20 });
      await send(request);
      expect((await simulator.read(`/requests?reference=${request.reference}`)).body).toMatchObject({
        total: 0,
      });
    });
  });

  describe('the other switches', () => {
    it('charges a second time for the same key once deduplication is off', async () => {
      const request = aCharge('sim_ok');
      await simulator.control({ deduplicate: false });
      await send(request);
      await send(request);
      expect(await simulator.timesCharged(request.reference)).toBe(2);
    });

    it('charges a second time after a charge whose answer was lost, once deduplication is off', async () => {
      const request = aCharge('sim_500_charged');
      await simulator.control({ deduplicate: false });
      await send(request);
      await send(request);
      expect(await simulator.timesCharged(request.reference)).toBe(2);
    });

    it('refuses the key for the given time', async () => {
      await simulator.control({ reject_key_for_seconds: 300 });
      expect((await send(aCharge('sim_ok'))).kind).toBe('misconfigured');
      simulator.clock.advance(299_999);
      expect((await send(aCharge('sim_ok'))).kind).toBe('misconfigured');
      simulator.clock.advance(1);
      expect((await send(aCharge('sim_ok'))).kind).toBe('succeeded');
    });

    it('charges at once and answers late under latency', async () => {
      await simulator.control({ latency_ms: 400 });
      const request = aCharge('sim_ok');
      const kept = simulator.clock.nextTimer();
      const outcome = send(request);
      await kept;
      expect(await simulator.timesCharged(request.reference)).toBe(1);
      simulator.clock.advance(400);
      expect((await outcome).kind).toBe('succeeded');
    });

    it('takes several changes at once and shows how the switches stand', async () => {
      const changed = await simulator.control({
        deduplicate: false,
        latency_ms: 5,
        reject_key_for_seconds: 1.5,
      });
      const expected = {
        down_for_seconds: 0,
        reject_key_for_seconds: 1.5,
        deduplicate: false,
        latency_ms: 5,
      };
      expect(changed).toMatchObject({ status: 200, body: expected });
      simulator.clock.advance(500);
      expect((await simulator.read('/control')).body).toMatchObject({
        ...expected,
        reject_key_for_seconds: 1,
      });
    });

    it.each([
      [{ downforseconds: 1 }, 'unknown_field', 'downforseconds'],
      [{ down_for_seconds: 'soon' }, 'invalid_field', 'down_for_seconds'],
      [{ down_for_seconds: -1 }, 'invalid_field', 'down_for_seconds'],
      [{ latency_ms: 1.5 }, 'invalid_field', 'latency_ms'],
      [{ deduplicate: 'no' }, 'invalid_field', 'deduplicate'],
      [{ latency_ms: 5, deduplicate: 0 }, 'invalid_field', 'deduplicate'],
      [{ latency_ms: 5, landing_delay: 1 }, 'unknown_field', 'landing_delay'],
      [{ psp: 'simulator_2', dedupe: false }, 'unknown_field', 'dedupe'],
      [{ reset: true, rest: true }, 'unknown_field', 'rest'],
      [{ reset: false }, 'invalid_field', 'reset'],
      [{ __proto__x: 1 }, 'unknown_field', '__proto__x'],
      [{ latency: { median_ms: 1, sigma: 0.5, mean_ms: 1 } }, 'unknown_field', 'mean_ms'],
      [{ latency: { median_ms: 1 } }, 'invalid_field', 'latency.sigma'],
      [{ latency: 400 }, 'invalid_field', 'latency'],
      [{ landing_delay_ms: 60_001 }, 'invalid_field', 'landing_delay_ms'],
      [{ visible_after_ms: -1 }, 'invalid_field', 'visible_after_ms'],
      [{ key_lifetime_ms: 0.5 }, 'invalid_field', 'key_lifetime_ms'],
      [{ server_error_rate: 1.1 }, 'invalid_field', 'server_error_rate'],
      [{ rate_limited_rate: 1.1 }, 'invalid_field', 'rate_limited_rate'],
      [{ rate_limit_per_second: -1 }, 'invalid_field', 'rate_limit_per_second'],
      [{ retry_after_seconds: 0.5 }, 'invalid_field', 'retry_after_seconds'],
      [{ hang_rate: '0.1' }, 'invalid_field', 'hang_rate'],
      [{ replay_server_errors: 1 }, 'invalid_field', 'replay_server_errors'],
      [{ invalidate: null }, 'invalid_field', 'invalidate'],
      [{ look_up: 'off' }, 'invalid_field', 'look_up'],
    ])('refuses %j by name and changes nothing', async (change, code, param) => {
      const before = await simulator.read('/control');
      expect(await simulator.control(change)).toMatchObject({
        status: 400,
        body: { error: { code, param } },
      });
      expect(await simulator.read('/control')).toEqual(before);
    });

    it('puts every switch back, and ends what is under way', async () => {
      const { body: initial } = await simulator.read('/control');
      await simulator.control({
        down_for_seconds: 60,
        reject_key_for_seconds: 60,
        deduplicate: false,
        latency_ms: 1,
        latency: { median_ms: 1, sigma: 1 },
        hang_rate: 0.5,
        server_error_rate: 0.5,
        rate_limited_rate: 0.5,
        rate_limit_per_second: 1,
        retry_after_seconds: 1,
        landing_delay_ms: 1,
        visible_after_ms: 1,
        key_lifetime_ms: 1,
        replay_server_errors: true,
        look_up: false,
        invalidate: false,
      });
      expect(await simulator.control({ reset: true })).toEqual({ status: 200, body: initial });
      expect((await send(aCharge('sim_ok'))).kind).toBe('succeeded');
    });

    it('puts all back before it makes the changes that come with a reset', async () => {
      await simulator.control({ look_up: false });
      const changed = await simulator.control({ reset: true, invalidate: false, down_for_seconds: 5 });
      expect(changed.body).toMatchObject({ look_up: true, invalidate: false, down_for_seconds: 5 });
      expect((await send(aCharge('sim_ok'))).kind).toBe('not_sent');
    });

    it.each(['simulator', 'simulator_2'])('of %s stay as they are when they are posted back', async (psp) => {
      await simulator.control({ psp, look_up: false, latency: { median_ms: 5, sigma: 0 } });
      const { body } = await simulator.read(`/control?psp=${psp}`);
      expect(body).toMatchObject({ psp, look_up: false, latency: { median_ms: 5, sigma: 0 } });
      expect(await simulator.control(body)).toEqual({ status: 200, body });
    });

    it.each(['not json', '', '[]', 'null', '7'])('refuses the body %j', async (body) => {
      const response = await fetch(`${simulator.controlUrl}/control`, { method: 'POST', body });
      expect(response.status).toBe(400);
    });
  });
});

describe('simulated PSPs with sockets of their own', () => {
  let simulator: SimulatorInTest;
  beforeEach(async () => {
    simulator = await startSimulatorInTest();
  });
  afterEach(() => simulator.close());

  const send = (request: ChargeRequest) => simulator.psp.execute(request, noDeadline());

  describe('a PSP that is down', () => {
    it('refuses connections until its time is over, also over a connection that was kept', async () => {
      await send(aCharge('sim_ok'));
      await simulator.control({ down_for_seconds: 20 });
      expect(await send(aCharge('sim_ok'))).toEqual({ kind: 'not_sent', reason: 'ECONNREFUSED' });
      simulator.clock.advance(19_999);
      expect((await send(aCharge('sim_ok'))).kind).toBe('not_sent');

      simulator.clock.advance(1);
      await simulator.control({ down_for_seconds: 0 });
      expect((await send(aCharge('sim_ok'))).kind).toBe('succeeded');
    });

    it('returns at the same address', async () => {
      await simulator.control({ down_for_seconds: 20 });
      simulator.clock.advance(20_000);
      // The port opens a moment after the timer fires; each refused try is itself the wait for it.
      const request = aCharge('sim_ok');
      let outcome = await send(request);
      while (outcome.kind === 'not_sent') outcome = await send(request);
      expect(outcome.kind).toBe('succeeded');
    });

    it('keeps its control address, and all that it charged', async () => {
      const request = aCharge('sim_ok');
      await send(request);
      await simulator.control({ down_for_seconds: 20 });
      expect(await simulator.timesCharged(request.reference)).toBe(1);
    });

    it('stays down for the latest time that was set', async () => {
      await Promise.all([
        simulator.control({ down_for_seconds: 5 }),
        simulator.control({ down_for_seconds: 60 }),
      ]);
      await simulator.control({ down_for_seconds: 60 });
      simulator.clock.advance(59_999);
      expect((await send(aCharge('sim_ok'))).kind).toBe('not_sent');
    });

    it('tells its operator while another program holds its port, and takes it again afterwards', async () => {
      await simulator.control({ down_for_seconds: 1 });
      const squatter = createServer().listen(Number(new URL(simulator.listenerUrl).port), '127.0.0.1');
      await once(squatter, 'listening');
      const retrying = simulator.clock.nextTimer();
      simulator.clock.advance(1_000);
      await retrying;
      expect(simulator.lines).toEqual([
        expect.stringMatching(/can't listen on port \d+ again yet.*EADDRINUSE/),
      ]);

      squatter.close();
      await once(squatter, 'close');
      await simulator.control({ down_for_seconds: 0 });
      expect((await send(aCharge('sim_ok'))).kind).toBe('succeeded');
    });
  });

  describe('its addresses', () => {
    it.each(['controlPort', 'listenerPort'] as const)(
      'fails to start on a used %s, and leaves nothing open',
      async (taken) => {
        const port = Number(
          new URL(taken === 'controlPort' ? simulator.controlUrl : simulator.listenerUrl).port,
        );
        const options = {
          directory: simulator.directory,
          controlPort: 0,
          listenerPort: 0,
          secret: () => '',
          clock: systemClock,
        };
        await expect(startPspSimulator({ ...options, [taken]: port })).rejects.toMatchObject({
          code: 'EADDRINUSE',
          port,
        });
      },
    );
  });
});
