import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChargeRequest } from '../../../adapters/psp/psp.ts';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import { type SimulatorInTest, startSimulatorInTest } from '../../support/simulator.ts';

let simulator: SimulatorInTest;
beforeEach(async () => {
  simulator = await startSimulatorInTest();
});
afterEach(() => simulator.close());

const send = (request: ChargeRequest) => simulator.psp.charge(request, noDeadline());
const lookUp = (request: ChargeRequest) => simulator.psp.lookUp(request, noDeadline());
const cancel = (request: ChargeRequest) => simulator.psp.cancel(request, noDeadline());

describe('a cancellation', () => {
  it('of a key that was never used is final: nothing is charged under it', async () => {
    const request = aCharge('sim_ok');
    expect(await cancel(request)).toEqual({ kind: 'cancelled' });
    expect(await send(request)).toMatchObject({ kind: 'declined', decline: { pspCode: 'cancelled' } });
    expect(await simulator.timesCharged(request.reference)).toBe(0);
  });

  it('of a completed charge is refused with the charge', async () => {
    const request = aCharge('sim_ok');
    await send(request);
    expect(await cancel(request)).toMatchObject({
      kind: 'charged',
      charge: { reference: request.reference, amountMinor: request.amountMinor },
    });
  });

  it('beats a charge that is still under way', async () => {
    const request = aCharge('sim_ok');
    await simulator.control({ landing_delay_ms: 5_000 });
    const timer = simulator.clock.nextTimer();
    const sent = send(request);
    await timer;
    await simulator.control({ landing_delay_ms: 0 });
    expect(await cancel(request)).toEqual({ kind: 'cancelled' });
    simulator.clock.advance(5_000);
    expect((await sent).kind).toBe('declined');
    expect(await simulator.timesCharged(request.reference)).toBe(0);
  });

  it('can be switched off', async () => {
    await simulator.control({ cancel: false });
    expect((await cancel(aCharge('sim_ok'))).kind).toBe('no_answer');
  });
});

describe('a request that its caller gave up on', () => {
  it('lands all the same, after its delay', async () => {
    const request = aCharge('sim_ok');
    await simulator.control({ landing_delay_ms: 4_000 });
    const timer = simulator.clock.nextTimer();
    const given = new AbortController();
    const sent = simulator.psp.charge(request, given.signal);
    await timer;
    given.abort();
    expect((await sent).kind).toBe('unknown');
    expect(await simulator.timesCharged(request.reference)).toBe(0);
    simulator.clock.advance(4_000);
    expect(await simulator.timesCharged(request.reference)).toBe(1);
  });
});

describe('a look-up', () => {
  it('shows a charge after the lag that is set', async () => {
    const request = aCharge('sim_ok');
    await simulator.control({ visible_after_ms: 30_000 });
    await send(request);
    simulator.clock.advance(29_999);
    expect(await lookUp(request)).toEqual({ kind: 'not_found' });
    simulator.clock.advance(1);
    expect((await lookUp(request)).kind).toBe('found');
  });

  it('can be switched off', async () => {
    await simulator.control({ look_up: false });
    expect((await lookUp(aCharge('sim_ok'))).kind).toBe('no_answer');
  });
});

describe('a PSP that', () => {
  it('forgets keys charges twice after their lifetime', async () => {
    const request = aCharge('sim_ok');
    await simulator.control({ key_lifetime_ms: 1_000 });
    await send(request);
    simulator.clock.advance(999);
    await send(request);
    expect(await simulator.timesCharged(request.reference)).toBe(1);
    simulator.clock.advance(2);
    await send(request);
    expect(await simulator.timesCharged(request.reference)).toBe(2);
  });

  it('replays a stored 500 never answers otherwise under that key', async () => {
    const request = aCharge('sim_500_not_charged');
    await simulator.control({ replay_server_errors: true });
    for (let call = 0; call < 3; call += 1) expect((await send(request)).kind).toBe('unknown');
    expect(await simulator.timesCharged(request.reference)).toBe(0);
  });

  it('fails by chance answers 500 to the share of charges that is set', async () => {
    await simulator.control({ server_error_rate: 1 });
    expect(await send(aCharge('sim_ok'))).toMatchObject({ kind: 'unknown', reason: 'HTTP 500' });
    await simulator.control({ reset: true });
    expect((await send(aCharge('sim_ok'))).kind).toBe('succeeded');
  });

  it.each(['sim_wrong_currency', 'sim_wrong_reference'])('takes %s answers something else', async (token) => {
    const request = aCharge(token);
    const outcome = await send(request);
    const charge = outcome.kind === 'succeeded' ? outcome.charge : undefined;
    expect([charge?.currency, charge?.reference]).not.toEqual([request.currency, request.reference]);
    expect(await simulator.timesCharged(request.reference)).toBe(1);
  });
});
