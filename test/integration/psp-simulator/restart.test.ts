import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPspSimulator } from '../../../local/psp-simulator/psp-simulator.ts';
import { SimulatorCaller } from '../../support/simulator-caller.ts';
import { SIMULATOR_SECRET } from '../../support/simulator-keys.ts';
import { WatchedClock } from '../../support/watched-clock.ts';
import { WebhookReceiver } from '../../support/webhook-receiver.ts';

/** The tables whose constraints the first version of the record had, and one charge of it. */
const FIRST_VERSION = `
  create table charge (
    seq integer primary key autoincrement,
    reference text not null,
    idempotency_key text not null,
    request text not null,
    amount integer not null,
    currency text not null,
    status text not null check (status in ('succeeded', 'declined')),
    decline_code text,
    created_at integer not null
  ) strict;
  create index charge_by_reference on charge (reference);
  create index charge_by_idempotency_key on charge (idempotency_key);
  create index charge_by_status on charge (status);
  create table api_call (
    seq integer primary key autoincrement,
    kind text not null check (kind in ('send', 'look_up', 'invalidate')),
    reference text,
    idempotency_key text,
    status integer,
    at integer not null
  ) strict;
  create index api_call_by_reference on api_call (reference);
  insert into charge values (7, 'ord_1', 'ins_1', '["ord_1",5,"KRW","sim_ok"]', 5, 'KRW', 'succeeded', null, 1);
  insert into api_call values (9, 'send', 'ord_1', 'ins_1', 201, 1);
`;

describe('simulated PSPs that start again', () => {
  let directory: string;
  let clock: WatchedClock;
  const running: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'psp-simulator-'));
    clock = new WatchedClock(Date.parse('2026-01-01T00:00:00Z'));
  });
  afterEach(async () => {
    for (const each of running.splice(0)) await each.close();
    await rm(directory, { recursive: true });
  });

  async function start() {
    const ports = { controlPort: 0, listenerPort: 0 };
    const simulator = await startPspSimulator({ directory, ...ports, clock, secret: () => SIMULATOR_SECRET });
    running.push(simulator);
    return {
      caller: new SimulatorCaller(simulator.listenerUrl),
      control: async (change: object) => {
        const body = JSON.stringify(change);
        await (await fetch(`${simulator.controlUrl}/control`, { method: 'POST', body })).text();
      },
      close: () => (running.pop() ?? simulator).close(),
    };
  }

  it('keep the record of the first version, and new charges beside it', async () => {
    const file = new DatabaseSync(join(directory, 'simulator.sqlite'));
    file.exec(FIRST_VERSION);
    file.close();
    for (let time = 1; time <= 2; time += 1) {
      const { caller, close } = await start();
      expect((await caller.get('/v1/charges/ch_0000000007')).body).toMatchObject({ status: 'succeeded' });
      expect((await caller.charge('sim_requires_action')).status).toBe('requires_action');
      await close();
    }
  });

  it('keep the record of the second version, and list its charges as entries', async () => {
    const first = await start();
    const charge = await first.caller.charge('sim_ok');
    await first.close();
    const file = new DatabaseSync(join(directory, 'simulator.sqlite'));
    file.exec('drop index charge_by_completion; alter table charge drop column completed_at');
    file.exec('pragma user_version = 2');
    file.close();
    clock.advance(1_000);
    const { caller } = await start();
    expect((await caller.get('/v1/entries')).body).toMatchObject({ entries: [{ charge: charge.id }] });
  });

  it('end a charge that was due in the meantime, and send its event', async () => {
    const receiver = new WebhookReceiver();
    running.push(receiver);
    const webhook_url = await receiver.start();
    const first = await start();
    const charge = await first.caller.charge('sim_pending_succeeds');
    await first.close();

    const second = await start();
    await second.control({ webhook_url });
    clock.advance(5_000);
    await receiver.hasReceived(1);
    expect(receiver.received).toMatchObject([
      { type: 'charge.succeeded', created: '2026-01-01T00:00:05.000Z', data: { charge: { id: charge.id } } },
    ]);
  });

  it('go on with an event that was not delivered', async () => {
    const receiver = new WebhookReceiver();
    running.push(receiver);
    const webhook_url = await receiver.start();
    receiver.statuses.push(500);
    const first = await start();
    await first.control({ webhook_url });
    const planned = clock.nextTimer();
    await first.caller.charge('sim_ok');
    await planned;
    await first.close();

    const second = await start();
    await second.control({ webhook_url });
    clock.advance(1_000);
    await receiver.hasReceived(2);
    expect(receiver.received[1]?.raw).toBe(receiver.received[0]?.raw);
  });
});
