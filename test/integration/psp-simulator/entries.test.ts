import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import { SIMULATOR_HOSTS, type SimulatorInTest } from '../../support/simulator.ts';
import { Buyer, SimulatorCaller } from '../../support/simulator-caller.ts';

const page = z.object({
  entries: z.array(z.looseObject({ id: z.string(), charge: z.string(), reference: z.string() })),
  next_cursor: z.string().nullable(),
});

describe.each(SIMULATOR_HOSTS)('the entries of a simulated PSP %s', (_host, start) => {
  let simulator: SimulatorInTest;
  let caller: SimulatorCaller;
  beforeEach(async () => {
    simulator = await start();
    caller = new SimulatorCaller(simulator.listenerUrl);
  });
  afterEach(() => simulator.close());

  const listed = async (query = '') => page.parse((await caller.get(`/v1/entries?${query}`)).body);
  const later = (milliseconds: number) => simulator.clock.advance(milliseconds);

  it('are one per charge that succeeded, available after the delay that a switch sets', async () => {
    await simulator.control({ settlement_delay_seconds: 3_600 });
    const request = aCharge('sim_ok', { amountMinor: 1234n, currency: 'USD' });
    await simulator.psp.execute(request, noDeadline());
    await simulator.psp.execute(aCharge('sim_decline_expired_card'), noDeadline());
    later(1_000);
    expect(await listed()).toEqual({
      entries: [
        {
          id: expect.stringMatching(/^txn_[0-9a-f]{10,}$/),
          kind: 'charge',
          amount: 1234,
          currency: 'USD',
          charge: expect.stringMatching(/^ch_/),
          reference: request.reference,
          created_at: '2026-01-01T00:00:00.000Z',
          available_at: '2026-01-01T01:00:00.000Z',
        },
      ],
      next_cursor: null,
    });
  });

  it('appear with the lag of look-ups', async () => {
    await simulator.psp.execute(aCharge('sim_ok'), noDeadline());
    expect((await listed()).entries).toEqual([]);
    later(500);
    expect((await listed()).entries).toHaveLength(1);
  });

  it('are of the time of the approval, not of the request', async () => {
    const charge = await caller.charge('sim_requires_action');
    later(60_000);
    expect((await listed()).entries).toEqual([]);
    await new Buyer(charge).act('approve');
    later(1_000);
    expect((await listed()).entries).toMatchObject([
      { charge: charge.id, created_at: '2026-01-01T00:01:00.000Z' },
    ]);
  });

  it('include what ended by the clock, although nobody has looked at it', async () => {
    await simulator.control({ processing_ms: 5_000 });
    const charge = await caller.charge('sim_pending_succeeds');
    later(60_000);
    expect((await listed()).entries).toMatchObject([
      { charge: charge.id, created_at: '2026-01-01T00:00:05.000Z' },
    ]);
  });

  it('of a period begin with its first moment and end before its last', async () => {
    const references: string[] = [];
    for (let second = 0; second < 4; second += 1) {
      const request = aCharge('sim_ok');
      references.push(request.reference);
      await simulator.psp.execute(request, noDeadline());
      later(1_000);
    }
    const { entries } = await listed('created_from=2026-01-01T00:00:01Z&created_to=2026-01-01T00:00:03Z');
    expect(entries.map(({ reference }) => reference)).toEqual(references.slice(1, 3));
  });

  it('are paged oldest first, each once, also those of one moment', async () => {
    const references: string[] = [];
    for (let charge = 0; charge < 5; charge += 1) {
      const request = aCharge('sim_ok');
      references.push(request.reference);
      await simulator.psp.execute(request, noDeadline());
    }
    later(1_000);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { entries, next_cursor } = await listed(`limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...entries.map(({ reference }) => reference));
      cursor = next_cursor;
    }
    expect(seen).toEqual(references);
  });

  it.each([
    ['created_from=yesterday', 'created_from'],
    ['created_to=2026-01-01', 'created_to'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['cursor=nowhere', 'cursor'],
  ])('refuse %s, and say which parameter', async (query, param) => {
    const { status, body } = await caller.get(`/v1/entries?${query}`);
    expect(status).toBe(422);
    expect(body).toMatchObject({ error: { code: 'invalid_parameter', param } });
  });

  it('are refused to who has no key', async () => {
    const stranger = new SimulatorCaller(simulator.listenerUrl, 'no key');
    expect((await stranger.get('/v1/entries')).status).toBe(401);
  });

  it('include a charge that somebody makes in the dashboard, twice what is made twice', async () => {
    const make = async (body: object) => {
      const response = await fetch(`${simulator.controlUrl}/charges`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    };
    expect(await make({ amount: 700, currency: 'EUR' })).toMatchObject({
      status: 201,
      body: { reference: 'dashboard', amount: 700, currency: 'EUR', status: 'succeeded' },
    });
    await make({ amount: 700, currency: 'EUR', reference: 'ord_of_ours' });
    later(1_000);
    expect((await listed()).entries).toMatchObject([
      { reference: 'dashboard', amount: 700 },
      { reference: 'ord_of_ours', amount: 700 },
    ]);
    expect((await make({ amount: 0, currency: 'EUR' })).status).toBe(400);
    expect((await make({ amount: 1, currency: 'XX' })).status).toBe(400);
  });
});
