import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { simulatorSigningSecret } from '../../../adapters/psp/simulator/api-keys.ts';
import { SIMULATOR_HOSTS, type SimulatorInTest, startSimulatorInTest } from '../../support/simulator.ts';
import { Buyer, SimulatorCaller } from '../../support/simulator-caller.ts';
import { SIMULATOR_SECRET } from '../../support/simulator-keys.ts';
import { isSignedBy, WebhookReceiver } from '../../support/webhook-receiver.ts';

const eventsAnswer = z.object({
  events: z.array(
    z.looseObject({ id: z.string(), type: z.string(), delivered: z.boolean(), lost: z.boolean() }),
  ),
});

describe.each(SIMULATOR_HOSTS)('events of simulated PSPs %s', (host, start) => {
  /** Rolled for faults in order; 0.9 afterwards. */
  let rolls: number[];
  let simulator: SimulatorInTest;
  let caller: SimulatorCaller;
  let receiver: WebhookReceiver;
  let webhook_url: string;
  beforeEach(async () => {
    rolls = [];
    simulator = await start(() => rolls.shift() ?? 0.9);
    caller = new SimulatorCaller(simulator.listenerUrl);
    receiver = new WebhookReceiver();
    webhook_url = await receiver.start();
    await simulator.control({ webhook_url });
  });
  afterEach(async () => {
    await simulator.close();
    await receiver.close();
  });

  const isLocal = host === 'on this machine';
  /** On this machine, events are signed in real time: their receiver is another program. */
  const signingTime = () => (isLocal ? Date.now() : simulator.clock.now());
  const typesReceived = () => receiver.received.map(({ type }) => type);
  const listed = async () => eventsAnswer.parse((await simulator.read('/events')).body).events;
  const redeliver = (body: object) => simulator.post('/events/redeliver', body);

  it('tell of each state that a charge takes, with the charge as the API shows it', async () => {
    const charge = await caller.charge('sim_requires_action');
    await new Buyer(charge).act('approve');
    await receiver.hasReceived(2);
    expect(typesReceived()).toEqual(['charge.requires_action', 'charge.succeeded']);
    expect(receiver.received[0]?.data.charge).toEqual(charge);
    expect(receiver.received[1]?.data.charge).toEqual((await caller.get(`/v1/charges/${charge.id}`)).body);
  });

  it.each([
    ['sim_ok', ['charge.succeeded']],
    ['sim_decline_card_declined', ['charge.declined']],
    ['sim_500_charged', ['charge.succeeded']],
    ['sim_500_not_charged', []],
  ])('of %s are %j', async (payment_method, types) => {
    await caller.send('ord_types', { payment_method });
    await receiver.hasReceived(types.length);
    expect((await listed()).map(({ type }) => type)).toEqual(types);
  });

  it('are not made again for a repeat of the key', async () => {
    await caller.send('ord_repeat', {});
    await caller.send('ord_repeat', {});
    expect((await listed()).length).toBe(1);
  });

  it('tell of an invalidation, an expiry and the end of a processing', async () => {
    await caller.invalidate(await caller.charge('sim_requires_action'));
    await caller.charge('sim_requires_action_expires');
    await caller.charge('sim_pending_fails');
    simulator.clock.advance(10_000);
    // On this machine they come by themselves; functions find out when somebody looks.
    if (!isLocal) await listed();
    await receiver.hasReceived(6);
    expect(typesReceived().toSorted()).toEqual([
      'charge.declined',
      'charge.expired',
      'charge.invalidated',
      'charge.processing',
      'charge.requires_action',
      'charge.requires_action',
    ]);
  });

  it('are signed over time and raw body', async () => {
    await caller.charge('sim_ok');
    await receiver.hasReceived(1);
    const [event] = receiver.received;
    const secret = simulatorSigningSecret(SIMULATOR_SECRET, 'simulator', 1);
    expect(event !== undefined && isSignedBy(secret, event, signingTime())).toBe(true);
  });

  it('are signed with two secrets during a rotation', async () => {
    await simulator.control({ webhook_secret_versions: [3, 2] });
    await caller.charge('sim_ok');
    await receiver.hasReceived(1);
    const [event] = receiver.received;
    const isSignedByVersion = (version: number) =>
      event !== undefined &&
      isSignedBy(simulatorSigningSecret(SIMULATOR_SECRET, 'simulator', version), event, signingTime());
    expect([1, 2, 3].map(isSignedByVersion)).toEqual([false, true, true]);
  });

  it('are sent twice where the switch says so, under one id', async () => {
    await simulator.control({ event_duplicate_rate: 1 });
    await caller.charge('sim_ok');
    await receiver.hasReceived(2);
    expect(receiver.received[1]).toEqual(receiver.received[0]);
  });

  it('have a twin where the switch says so, of the same charge and type under another id', async () => {
    await simulator.control({ event_twin_rate: 1 });
    await caller.charge('sim_ok');
    await receiver.hasReceived(2);
    const [one, other] = receiver.received;
    expect(other).toMatchObject({ type: one?.type, data: one?.data });
    expect(other?.id).not.toBe(one?.id);
  });

  it('that are lost come only on demand', async () => {
    await simulator.control({ event_loss_rate: 1 });
    await caller.charge('sim_ok');
    const [event] = await listed();
    expect(event).toMatchObject({ delivered: false, lost: true, deliveries: [], next_attempt_at: null });
    expect(receiver.received).toEqual([]);
    expect(await redeliver({ id: event?.id })).toMatchObject({ body: { sent: 1, delivered: 1 } });
    expect(typesReceived()).toEqual(['charge.succeeded']);
  });

  it('that fail are sent again on demand, signed anew', async () => {
    receiver.statuses.push(500);
    await caller.charge('sim_ok');
    await receiver.hasReceived(1);
    expect(await redeliver({})).toMatchObject({ body: { sent: 1, delivered: 1 } });
    expect(receiver.received[1]?.raw).toBe(receiver.received[0]?.raw);
    expect(await listed()).toMatchObject([
      { delivered: true, next_attempt_at: null, deliveries: [{ status: 500 }, { status: 200 }] },
    ]);
    expect(await redeliver({})).toMatchObject({ body: { sent: 0 } });
  });

  it('that are held back are overtaken by later ones', async () => {
    await simulator.control({ event_reorder_rate: 0.5 });
    rolls = [0];
    const charge = await caller.charge('sim_requires_action');
    await new Buyer(charge).act('approve');
    await receiver.hasReceived(1);
    if (isLocal) simulator.clock.advance(3_000);
    else await redeliver({});
    await receiver.hasReceived(2);
    expect(typesReceived()).toEqual(['charge.succeeded', 'charge.requires_action']);
  });

  it('are recorded with the reason when nobody answers', async () => {
    await simulator.control({ webhook_url: 'http://127.0.0.1:1/', events_before_answer: true });
    await caller.charge('sim_ok');
    expect(await listed()).toMatchObject([
      { delivered: false, deliveries: [{ status: null, error: 'ECONNREFUSED' }] },
    ]);
  });

  it('do not exist without a webhook URL', async () => {
    await simulator.control({ webhook_url: null });
    await caller.charge('sim_ok');
    expect(await listed()).toEqual([]);
  });

  it('come before the answer of the call where the switch says so', async () => {
    await simulator.control({ events_before_answer: true });
    await caller.charge('sim_ok');
    expect(typesReceived()).toEqual(['charge.succeeded']);
  });

  it.each([
    [{ id: 'evt_none' }, 404, 'no_such_event'],
    [{ event: 'evt_none' }, 400, 'unknown_field'],
  ])('are not sent again for %j', async (body, status, code) => {
    expect(await redeliver(body)).toMatchObject({ status, body: { error: { code } } });
  });

  it.each([
    { webhook_url: 'nowhere' },
    { webhook_url: 1 },
    { webhook_secret_versions: [] },
    { webhook_secret_versions: [1, 2, 3] },
    { event_loss_rate: 2 },
  ])('are not controlled by %j', async (change) => {
    expect((await simulator.control(change)).status).toBe(400);
    expect((await simulator.read('/control')).body).toMatchObject({ webhook_url });
  });
});

describe('events of the simulated PSPs on this machine', () => {
  let simulator: SimulatorInTest;
  let caller: SimulatorCaller;
  let receiver: WebhookReceiver;
  beforeEach(async () => {
    simulator = await startSimulatorInTest();
    caller = new SimulatorCaller(simulator.listenerUrl);
    receiver = new WebhookReceiver();
    await simulator.control({ webhook_url: await receiver.start() });
  });
  afterEach(async () => {
    await simulator.close();
    await receiver.close();
  });

  it('are sent when their delay is over', async () => {
    await simulator.control({ event_delay_ms: 60_000 });
    await caller.charge('sim_ok');
    simulator.clock.advance(59_999);
    expect(receiver.received).toEqual([]);
    simulator.clock.advance(1);
    await receiver.hasReceived(1);
  });

  it('are retried after 1, 5, 30, 120 and 600 seconds, and then given up', async () => {
    receiver.statuses.push(500, 503, 302, 400, 500, 500);
    const planned = simulator.clock.nextTimer();
    await caller.charge('sim_ok');
    await planned;
    for (const [index, seconds] of [1, 5, 30, 120, 600].entries()) {
      simulator.clock.advance(seconds * 1000 - 1);
      expect(receiver.received.length).toBe(index + 1);
      const next = simulator.clock.nextTimer();
      simulator.clock.advance(1);
      await receiver.hasReceived(index + 2);
      if (index < 4) await next;
    }
    await expect
      .poll(() => simulator.read('/events'))
      .toMatchObject({ body: { events: [{ delivered: false, next_attempt_at: null }] } });
  });

  it('go only to this machine', async () => {
    expect(await simulator.control({ webhook_url: 'https://hooks.example/' })).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_field', param: 'webhook_url' } },
    });
  });
});
