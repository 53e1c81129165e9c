import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Psp } from '../../../adapters/psp/psp.ts';
import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import { SIMULATOR_HOSTS, type SimulatorInTest } from '../../support/simulator.ts';
import { SIMULATOR_2_KEY, SIMULATOR_KEY } from '../../support/simulator-keys.ts';

describe.each(SIMULATOR_HOSTS)('the record of charges %s', (_host, start) => {
  let simulator: SimulatorInTest;
  beforeEach(async () => {
    simulator = await start();
  });
  afterEach(() => simulator.close());

  it('shows a charge as it was taken', async () => {
    const request = aCharge('sim_ok', { amountMinor: 1234n, currency: 'USD' });
    await simulator.psp.execute(request, noDeadline());
    expect((await simulator.read(`/charges?reference=${request.reference}`)).body).toEqual({
      charges: [
        {
          psp: 'simulator',
          id: expect.stringMatching(/^ch_[0-9a-f]{10,}$/),
          reference: request.reference,
          amount: 1234,
          currency: 'USD',
          status: 'succeeded',
          idempotency_key: request.idempotencyKey,
          created_at: '2026-01-01T00:00:00.000Z',
        },
      ],
      total: 1,
      next_cursor: null,
    });
  });

  it('shows declines only to who asks for them', async () => {
    await simulator.psp.execute(aCharge('sim_ok'), noDeadline());
    await simulator.psp.execute(aCharge('sim_decline_expired_card'), noDeadline());
    expect((await simulator.read('/charges')).body).toMatchObject({ total: 1 });
    expect((await simulator.read('/charges?status=all')).body).toMatchObject({ total: 2 });
    expect((await simulator.read('/charges?status=declined')).body).toMatchObject({
      total: 1,
      charges: [{ status: 'declined', decline_code: 'expired_card' }],
    });
  });

  it('pages through all charges, newest first, while new ones come in', async () => {
    const requests = Array.from({ length: 5 }, () => aCharge('sim_ok'));
    for (const request of requests) await simulator.psp.execute(request, noDeadline());
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await simulator.read(`/charges?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const page = z
        .object({ charges: z.array(z.object({ reference: z.string() })), next_cursor: z.string().nullable() })
        .parse(body);
      seen.push(...page.charges.map((charge) => charge.reference));
      cursor = page.next_cursor;
      await simulator.psp.execute(aCharge('sim_ok'), noDeadline());
    }
    expect(seen).toEqual(requests.map((request) => request.reference).reverse());
  });

  it('logs every call that reached the PSP', async () => {
    const request = aCharge('sim_rate_limited');
    await simulator.psp.execute(request, noDeadline());
    await simulator.psp.execute(request, noDeadline());
    await simulator.psp.find(request, noDeadline());
    await simulator.psp.invalidate(request, noDeadline());
    await simulator.psp.execute(aCharge('sim_ok'), noDeadline());

    const call = { reference: request.reference, idempotency_key: request.idempotencyKey };
    expect((await simulator.read(`/requests?reference=${request.reference}`)).body).toMatchObject({
      sends: 2,
      look_ups: 1,
      invalidations: 1,
      total: 4,
      requests: [
        { ...call, kind: 'invalidate', status: 409 },
        { ...call, kind: 'look_up', status: 200 },
        { ...call, kind: 'send', status: 201 },
        { ...call, kind: 'send', status: 429 },
      ],
    });
    expect((await simulator.read('/stats')).body).toEqual({
      charges: 2,
      declines: 0,
      sends: 3,
      confirms: 0,
      look_ups: 1,
      invalidations: 1,
    });
  });

  it.each([
    '/charges?limit=0',
    '/charges?limit=10001',
    '/charges?cursor=x',
    '/charges?refrence=x',
    '/stats?x=1',
  ])('refuses %s', async (path) => {
    expect((await simulator.read(path)).status).toBe(400);
  });

  it.each(['/', '/nothing', '/__proto__', '//'])('has nothing at %s', async (path) => {
    expect((await simulator.read(path)).status).toBe(404);
  });
});

describe('a simulator that is killed', () => {
  let directory: string;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'psp-simulator-'));
  });
  afterEach(async () => {
    await kill();
    await rm(directory, { recursive: true });
  });

  async function start(): Promise<{ psp: Psp; second: Psp; total: () => Promise<number> }> {
    child = fork(join(import.meta.dirname, '../../support/simulator-process.ts'), [directory]);
    const [message] = await once(child, 'message');
    const { controlUrl, listenerUrl, secondListenerUrl } = z
      .object({ controlUrl: z.string(), listenerUrl: z.string(), secondListenerUrl: z.string() })
      .parse(message);
    return {
      psp: createPspSimulator({ url: listenerUrl, apiKey: SIMULATOR_KEY }),
      second: createPspSimulator({ account: 'simulator_2', url: secondListenerUrl, apiKey: SIMULATOR_2_KEY }),
      total: async () => {
        const response = await fetch(`${controlUrl}/charges`);
        return z.object({ total: z.int() }).parse(await response.json()).total;
      },
    };
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  it('has every charge that it answered, and charges none of them again', async () => {
    const first = await start();
    const requests = Array.from({ length: 400 }, () => aCharge('sim_ok'));
    const answered = new Map<string, unknown>();
    let killing: Promise<void> | undefined;
    await Promise.all(
      requests.map(async (request) => {
        const outcome = await first.psp.execute(request, noDeadline());
        if (outcome.kind === 'succeeded') answered.set(request.reference, outcome);
        if (answered.size >= 100) killing ??= kill();
      }),
    );
    await killing;

    const second = await start();
    expect(answered.size).toBeLessThan(requests.length);
    expect(await second.total()).toBeGreaterThanOrEqual(answered.size);
    for (const request of requests) {
      const outcome = await second.psp.execute(request, noDeadline());
      expect(outcome).toEqual(
        answered.get(request.reference) ?? expect.objectContaining({ kind: 'succeeded' }),
      );
    }
    expect(await second.total()).toBe(requests.length);
  });

  it('remembers how often a faulty token has misbehaved', async () => {
    const request = aCharge('sim_flaky_2');
    const first = await start();
    await first.psp.execute(request, noDeadline());
    await kill();

    const second = await start();
    expect((await second.psp.execute(request, noDeadline())).kind).toBe('not_sent');
    expect((await second.psp.execute(request, noDeadline())).kind).toBe('succeeded');
  });

  it.each(['psp', 'second'] as const)('holds every invalidation that it answered (%s)', async (which) => {
    const first = await start();
    const requests = Array.from({ length: 200 }, () => aCharge('sim_ok'));
    const invalidated = new Set<string>();
    let killing: Promise<void> | undefined;
    await Promise.all(
      requests.map(async (request) => {
        const { kind } = await first[which].invalidate(request, noDeadline());
        if (kind === 'invalidated') invalidated.add(request.reference);
        if (invalidated.size >= 50) killing ??= kill();
      }),
    );
    await killing;

    const again = (await start())[which];
    expect(invalidated.size).toBeLessThan(requests.length);
    for (const request of requests.filter(({ reference }) => invalidated.has(reference))) {
      expect(await again.execute(request, noDeadline())).toMatchObject({
        decline: { pspCode: 'invalidated' },
      });
      expect(await again.invalidate(request, noDeadline())).toEqual({ kind: 'invalidated' });
    }
  });

  it('still refuses to invalidate what it charged, and replays what it stored', async () => {
    const request = aCharge('sim_ok');
    const first = await start();
    const outcome = await first.psp.execute(request, noDeadline());
    await kill();

    const second = await start();
    expect(await second.psp.invalidate(request, noDeadline())).toEqual({ ...outcome, kind: 'charged' });
    expect(await second.psp.execute(request, noDeadline())).toEqual(outcome);
    expect(await second.total()).toBe(1);
  });
});
