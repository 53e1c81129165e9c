import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import { SIMULATOR_HOSTS, type SimulatorInTest } from '../../support/simulator.ts';
import { Buyer, type ShownCharge, SimulatorCaller, shownCharge } from '../../support/simulator-caller.ts';

describe.each(SIMULATOR_HOSTS)('a charge that waits, at simulated PSPs %s', (_host, start) => {
  let simulator: SimulatorInTest;
  let caller: SimulatorCaller;
  beforeAll(async () => {
    simulator = await start();
    caller = new SimulatorCaller(simulator.listenerUrl);
  });
  beforeEach(() => simulator.control({ reset: true }));
  afterAll(() => simulator.close());

  const isoIn = (milliseconds: number) => new Date(simulator.clock.now() + milliseconds).toISOString();
  const approve = (charge: ShownCharge) => new Buyer(charge).act('approve');

  describe('for its buyer', () => {
    it('is answered with the page to send the buyer to', async () => {
      const charge = await caller.charge('sim_requires_action', { return_url: 'https://shop.example/back' });
      expect(charge).toMatchObject({
        status: 'requires_action',
        redirect_url: expect.stringContaining(`/pay/${charge.id}`),
        expires_at: isoIn(30 * 60_000),
        return_url: 'https://shop.example/back',
      });
    });

    it.each([
      ['sim_requires_action', 'approve', 'succeeded'],
      ['sim_requires_action', 'decline', 'declined'],
      ['sim_requires_action', 'close', 'requires_action'],
      ['sim_requires_action_declines', 'approve', 'declined'],
      ['sim_requires_action_expires', 'approve', 'succeeded'],
    ])('%s is, after the buyer chose to %s, %s', async (token, action, status) => {
      const charge = await caller.charge(token);
      await new Buyer(charge).act(action);
      expect(await caller.statusOf(charge)).toBe(status);
    });

    it.each([
      ['sim_requires_action', 30 * 60_000],
      ['sim_requires_action_expires', 10_000],
    ])('%s expires by itself after %i ms', async (token, lifetimeMs) => {
      const charge = await caller.charge(token);
      const token_ = await new Buyer(charge).token();
      simulator.clock.advance(lifetimeMs - 1);
      expect(await caller.statusOf(charge)).toBe('requires_action');
      simulator.clock.advance(1);
      await new Buyer(charge).submit('approve', token_);
      expect(await caller.statusOf(charge)).toBe('expired');
    });

    it('waits as long as the switch says', async () => {
      await simulator.control({ action_lifetime_ms: 60_000 });
      expect(await caller.charge('sim_requires_action')).toMatchObject({ expires_at: isoIn(60_000) });
    });

    it('shows its state of now to look-ups by reference, and its first answer to a repeat of the key', async () => {
      const { body } = await caller.send('ord_looked_up', { payment_method: 'sim_requires_action' });
      await approve(shownCharge.parse(body));
      simulator.clock.advance(1_000);
      expect((await caller.get('/v1/charges?reference=ord_looked_up')).body).toMatchObject({
        charges: [{ status: 'succeeded' }],
      });
      expect(await caller.send('ord_looked_up', { payment_method: 'sim_requires_action' })).toEqual({
        status: 201,
        body,
      });
    });

    it('is told by the adapter with its page, and found as what became of it', async () => {
      const request = aCharge('sim_requires_action');
      const outcome = await simulator.psp.charge(request, noDeadline());
      simulator.clock.advance(1_000);
      expect(outcome).toMatchObject({ kind: 'requires_action', pspReference: expect.stringMatching(/^ch_/) });
      expect(await simulator.psp.lookUp(request, noDeadline())).toEqual({ kind: 'found', outcome });
      const { redirectUrl } = outcome as { redirectUrl: string };
      await new Buyer({ redirect_url: redirectUrl }).act('approve');
      expect(await simulator.psp.lookUp(request, noDeadline())).toMatchObject({
        outcome: { kind: 'succeeded' },
      });
    });

    it('waits again after a failed try where the PSP lets the buyer try again', async () => {
      await simulator.control({ retry_after_failed_action: true });
      const declining = await caller.charge('sim_requires_action_declines');
      await approve(declining);
      expect((await caller.get(`/v1/charges/${declining.id}`)).body).toMatchObject({
        status: 'requires_action',
        decline_code: 'card_declined',
      });
      const charge = await caller.charge('sim_requires_action');
      await new Buyer(charge).act('decline');
      expect(await caller.statusOf(charge)).toBe('requires_action');
      await approve(charge);
      expect(await caller.statusOf(charge)).toBe('succeeded');
    });

    it('waits at the second PSP in the same way', async () => {
      const request = aCharge('sim_requires_action');
      expect(await simulator.second.charge(request, noDeadline())).toMatchObject({
        kind: 'requires_action',
        redirectUrl: expect.stringContaining(simulator.secondListenerUrl),
      });
    });

    it.each([
      'http://shop.example/',
      'javascript:alert(1)',
      'https://user@shop.example/',
      'https://shop.example;sandbox/',
      '/back',
      `https://shop.example/${'x'.repeat(2_000)}`,
    ])('is not made with the return URL %s', async (return_url) => {
      const { status, body } = await caller.send('ord_bad_url', { return_url });
      expect(status).toBe(422);
      expect(body).toMatchObject({ error: { code: 'invalid_parameter', param: 'return_url' } });
    });
  });

  describe('for the PSP', () => {
    it.each([
      ['sim_pending_succeeds', 'succeeded'],
      ['sim_pending_fails', 'declined'],
      ['sim_pending_expires', 'expired'],
    ])('%s is processing for as long as the switch says, then %s', async (token, status) => {
      await simulator.control({ processing_ms: 60_000 });
      const charge = await caller.charge(token);
      expect(charge.status).toBe('processing');
      simulator.clock.advance(59_999);
      expect(await caller.statusOf(charge)).toBe('processing');
      simulator.clock.advance(1);
      expect(await caller.statusOf(charge)).toBe(status);
    });

    it('is for the adapter an unknown outcome, sent and found', async () => {
      const request = aCharge('sim_pending_succeeds');
      const unknown = { kind: 'unknown', reason: expect.stringContaining('the PSP is still processing') };
      expect(await simulator.psp.charge(request, noDeadline())).toEqual(unknown);
      simulator.clock.advance(1_000);
      expect(await simulator.psp.lookUp(request, noDeadline())).toEqual({
        kind: 'no_answer',
        outcome: unknown,
      });
      simulator.clock.advance(5_000);
      expect(await simulator.psp.lookUp(request, noDeadline())).toMatchObject({
        outcome: { kind: 'succeeded' },
      });
    });

    it('cannot be invalidated, and the adapter knows that nothing is decided', async () => {
      const request = aCharge('sim_pending_succeeds');
      await simulator.psp.charge(request, noDeadline());
      expect(await simulator.psp.invalidate(request, noDeadline())).toMatchObject({
        kind: 'no_answer',
        outcome: { kind: 'unknown' },
      });
    });

    it('has taken money, by the control address, as soon as it has succeeded', async () => {
      const request = aCharge('sim_pending_succeeds');
      await simulator.psp.charge(request, noDeadline());
      expect(await simulator.timesCharged(request.reference)).toBe(0);
      simulator.clock.advance(5_000);
      expect(await simulator.timesCharged(request.reference)).toBe(1);
    });
  });

  describe('and is invalidated', () => {
    it.each(['key', 'id'] as const)('by its %s can no longer be approved', async (by) => {
      const request = aCharge('sim_requires_action');
      const outcome = await simulator.psp.charge(request, noDeadline());
      const { pspReference: id, redirectUrl } = outcome as { pspReference: string; redirectUrl: string };
      const buyer = new Buyer({ redirect_url: redirectUrl });
      const token = await buyer.token();
      if (by === 'id') expect(await caller.invalidate({ id })).toMatchObject({ status: 200, body: { id } });
      else expect(await simulator.psp.invalidate(request, noDeadline())).toEqual({ kind: 'invalidated' });
      await buyer.submit('approve', token);
      expect(await caller.statusOf({ id })).toBe('invalidated');
      expect(await (await buyer.open()).text()).toContain('This payment was cancelled');
      expect(await simulator.psp.charge(request, noDeadline())).toMatchObject({
        decline: { pspCode: 'invalidated' },
      });
    });

    it('after its approval is refused, and stays charged', async () => {
      const charge = await caller.charge('sim_requires_action');
      await approve(charge);
      expect(await caller.invalidate(charge)).toMatchObject({
        status: 409,
        body: { error: { code: 'charge_completed' }, charge: { id: charge.id, status: 'succeeded' } },
      });
      expect(await caller.statusOf(charge)).toBe('succeeded');
    });

    it('at the moment of its approval is either invalidated or charged, and nobody hears otherwise', async () => {
      for (let round = 0; round < 12; round += 1) {
        const charge = await caller.charge('sim_requires_action');
        const buyer = new Buyer(charge);
        const token = await buyer.token();
        // Both orders, so that either comes first now and then.
        const race =
          round % 2 === 0
            ? [buyer.submit('approve', token), caller.invalidate(charge)]
            : [caller.invalidate(charge), buyer.submit('approve', token)];
        const results = await Promise.all(race);
        const { status: invalidation } = results[round % 2 === 0 ? 1 : 0] as { status: number };
        const status = await caller.statusOf(charge);
        expect([status, invalidation]).toEqual(
          status === 'succeeded' ? ['succeeded', 409] : ['invalidated', 200],
        );
      }
    });
  });

  describe('for a confirmation', () => {
    beforeEach(() => simulator.control({ needs_confirmation: true }));

    it('is charged only by it, and once', async () => {
      const charge = await caller.charge('sim_requires_action');
      await approve(charge);
      const authenticated = (await caller.get(`/v1/charges/${charge.id}`)).body;
      expect(authenticated).toMatchObject({ status: 'authenticated', send_by: isoIn(10 * 60_000) });
      for (let time = 1; time <= 2; time += 1) {
        expect(await caller.confirm(charge)).toMatchObject({ status: 200, body: { status: 'succeeded' } });
      }
    });

    it('is declined at the confirmation where the PSP declines', async () => {
      const charge = await caller.charge('sim_requires_action_declines');
      await approve(charge);
      expect(await caller.confirm(charge)).toMatchObject({
        status: 402,
        body: { error: { code: 'card_declined' } },
      });
    });

    it('is not charged before the buyer has approved', async () => {
      const charge = await caller.charge('sim_requires_action');
      expect(await caller.confirm(charge)).toMatchObject({
        status: 409,
        body: { error: { code: 'action_required' } },
      });
    });

    it('is not charged after its time, and expires', async () => {
      await simulator.control({ confirm_within_ms: 60_000 });
      const charge = await caller.charge('sim_requires_action');
      await approve(charge);
      simulator.clock.advance(60_000);
      expect(await caller.confirm(charge)).toMatchObject({
        status: 409,
        body: { error: { code: 'charge_expired' }, charge: { status: 'expired' } },
      });
    });

    it('is not charged once it is invalidated', async () => {
      const charge = await caller.charge('sim_requires_action');
      await approve(charge);
      await caller.invalidate(charge);
      expect(await caller.confirm(charge)).toMatchObject({
        status: 409,
        body: { error: { code: 'invalidated' } },
      });
    });

    it('is either invalidated or charged where both are requested at once', async () => {
      for (let round = 0; round < 8; round += 1) {
        const charge = await caller.charge('sim_requires_action');
        await approve(charge);
        const race = [() => caller.confirm(charge), () => caller.invalidate(charge)];
        const order = round % 2 === 0 ? race : race.toReversed();
        const answers = await Promise.all(order.map((request) => request()));
        const [confirmed, invalidated] = round % 2 === 0 ? answers : answers.toReversed();
        expect([confirmed?.status, invalidated?.status, await caller.statusOf(charge)]).toEqual(
          confirmed?.status === 200 ? [200, 409, 'succeeded'] : [409, 200, 'invalidated'],
        );
      }
    });

    it('may be charged though the confirmation is answered 500', async () => {
      const charge = await caller.charge('sim_requires_action');
      await approve(charge);
      await simulator.control({ server_error_rate: 1 });
      expect((await caller.confirm(charge)).status).toBe(500);
      expect(['authenticated', 'succeeded']).toContain(await caller.statusOf(charge));
    });

    it('is counted by the control address apart from sends', async () => {
      const { body } = await caller.send('ord_confirmed', { payment_method: 'sim_requires_action' });
      await caller.confirm(shownCharge.parse(body));
      expect((await simulator.read('/requests?reference=ord_confirmed')).body).toMatchObject({
        sends: 1,
        confirms: 1,
        total: 2,
      });
    });
  });

  it('does not exist under an id that nobody made', async () => {
    for (const id of ['ch_0000009999', 'ch_', 'x', '%00']) {
      expect((await caller.get(`/v1/charges/${id}`)).status).toBe(404);
      expect((await caller.confirm({ id })).status).toBe(404);
      expect((await caller.invalidate({ id })).status).toBe(404);
    }
  });
});

describe.each(SIMULATOR_HOSTS)('the control address of simulated PSPs %s', (_host, start) => {
  it('lists charges by their state of now', async () => {
    const simulator = await start();
    const caller = new SimulatorCaller(simulator.listenerUrl);
    const [waiting, approved, invalidated, expired] = [
      await caller.charge('sim_requires_action'),
      await caller.charge('sim_requires_action'),
      await caller.charge('sim_requires_action'),
      await caller.charge('sim_requires_action_expires'),
    ];
    await new Buyer(approved).act('approve');
    await caller.invalidate(invalidated);
    simulator.clock.advance(10_000);
    const idsOf = async (status: string) => {
      const { body } = await simulator.read(`/charges?status=${status}`);
      const { charges, total } = body as { charges: { id: string }[]; total: number };
      expect(total).toBe(charges.length);
      return charges.map(({ id }) => id);
    };
    expect(await idsOf('requires_action')).toEqual([waiting.id]);
    expect(await idsOf('succeeded')).toEqual([approved.id]);
    expect(await idsOf('invalidated')).toEqual([invalidated.id]);
    expect(await idsOf('expired')).toEqual([expired.id]);
    expect((await idsOf('all')).length).toBe(4);
    await simulator.close();
  });
});
