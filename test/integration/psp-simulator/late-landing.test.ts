import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChargeRequest, Psp } from '../../../adapters/psp/psp.ts';
import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import { SIMULATOR_HOSTS, type SimulatorInTest } from '../../support/simulator.ts';

describe.each(SIMULATOR_HOSTS)('simulated PSPs %s', (_host, start) => {
  let simulator: SimulatorInTest;
  beforeEach(async () => {
    simulator = await start();
  });
  afterEach(() => simulator.close());

  const DELAY_MS = 4_000;
  const send = (request: ChargeRequest) => simulator.psp.execute(request, noDeadline());
  const lookUp = (request: ChargeRequest) => simulator.psp.find(request, noDeadline());
  const invalidate = (request: ChargeRequest, psp: Psp = simulator.psp) =>
    psp.invalidate(request, noDeadline());
  const timesCharged = ({ reference }: ChargeRequest) => simulator.timesCharged(reference);

  /** Sends, and waits until the PSP has the request and has not carried it out. */
  async function underWay(request: ChargeRequest, signal = noDeadline(), psp = simulator.psp) {
    const timer = simulator.clock.nextTimer();
    const outcome = psp.execute(request, signal);
    await timer;
    return { outcome };
  }

  async function sendAndGiveUp(request: ChargeRequest): Promise<PspOutcome> {
    const deadline = new AbortController();
    const { outcome } = await underWay(request, deadline.signal);
    deadline.abort(new Error('deadline'));
    return outcome;
  }

  describe('a charge that lands late', () => {
    beforeEach(() => simulator.control({ landing_delay_ms: DELAY_MS }));

    it('is answered once it has landed, and is not there before', async () => {
      const request = aCharge('sim_ok');
      const { outcome } = await underWay(request);
      simulator.clock.advance(DELAY_MS - 1);
      expect(await timesCharged(request)).toBe(0);
      simulator.clock.advance(1);
      expect((await outcome).kind).toBe('succeeded');
      expect(await timesCharged(request)).toBe(1);
    });

    it('lands all the same when its caller has given up', async () => {
      const request = aCharge('sim_ok');
      expect(await sendAndGiveUp(request)).toEqual({ kind: 'unknown', reason: 'deadline' });
      expect(await timesCharged(request)).toBe(0);
      simulator.clock.advance(DELAY_MS);
      expect(await timesCharged(request)).toBe(1);
    });

    it('lands while the listener is down', async () => {
      const request = aCharge('sim_ok');
      await sendAndGiveUp(request);
      await simulator.control({ down_for_seconds: 60 });
      simulator.clock.advance(DELAY_MS);
      expect(await timesCharged(request)).toBe(1);
    });

    it.each([
      [true, 1],
      [false, 2],
    ])(
      'beside a repeat of its key, deduplication being %s, is charge number %i',
      async (deduplicate, charges) => {
        const request = aCharge('sim_ok');
        await sendAndGiveUp(request);
        await simulator.control({ landing_delay_ms: 0, deduplicate });
        expect((await send(request)).kind).toBe('succeeded');
        simulator.clock.advance(DELAY_MS);
        expect(await timesCharged(request)).toBe(charges);
      },
    );

    it('is shown by look-ups a lag after it has landed, not after it was sent', async () => {
      const request = aCharge('sim_ok');
      await simulator.control({ visible_after_ms: 1_000 });
      await sendAndGiveUp(request);
      simulator.clock.advance(DELAY_MS + 999);
      expect(await lookUp(request)).toEqual({ kind: 'not_found' });
      simulator.clock.advance(1);
      expect((await lookUp(request)).kind).toBe('found');
    });
  });

  describe.each(['simulator', 'simulator_2'])(
    'a invalidation at %s that races a charge under way',
    (name) => {
      let psp: Psp;
      beforeEach(async () => {
        psp = name === 'simulator' ? simulator.psp : simulator.second;
        await simulator.control({ psp: name, landing_delay_ms: DELAY_MS });
      });

      it('wins where it comes first: the charge is refused when it lands, and ever after', async () => {
        const request = aCharge('sim_ok');
        const { outcome } = await underWay(request, noDeadline(), psp);
        expect(await invalidate(request, psp)).toEqual({ kind: 'invalidated' });
        simulator.clock.advance(DELAY_MS);
        const refused = {
          kind: 'declined',
          decline: { category: 'not_processed', code: 'not_processed', pspCode: 'invalidated' },
          isFinal: true,
        };
        expect(await outcome).toEqual(refused);
        await simulator.control({ psp: name, reset: true });
        expect(await psp.execute(request, noDeadline())).toEqual(refused);
        expect(await timesCharged(request)).toBe(0);
      });

      it('is refused where the charge has landed, though no look-up shows it yet', async () => {
        const request = aCharge('sim_ok');
        const { outcome } = await underWay(request, noDeadline(), psp);
        simulator.clock.advance(DELAY_MS);
        expect(await psp.find(request, noDeadline())).toEqual({ kind: 'not_found' });
        expect(await invalidate(request, psp)).toEqual({ ...(await outcome), kind: 'charged' });
        expect(await timesCharged(request)).toBe(1);
      });

      it('wins or loses where both arrive at the same moment, and never both', async () => {
        for (let round = 0; round < 20; round += 1) {
          const request = aCharge('sim_ok');
          const { outcome } = await underWay(request, noDeadline(), psp);
          const invalidation = invalidate(request, psp);
          // Every other round lets the invalidation get some of the way before the charge lands.
          for (let turn = 0; turn < round % 4; turn += 1) await new Promise(setImmediate);
          simulator.clock.advance(DELAY_MS);
          const won = (await invalidation).kind === 'charged' ? ['succeeded', 1] : ['declined', 0];
          expect([(await outcome).kind, await timesCharged(request)]).toEqual(won);
        }
      });
    },
  );

  describe('a simulator that closes', () => {
    it('drops the charges that are under way', async () => {
      const closing = await start();
      await closing.control({ landing_delay_ms: DELAY_MS });
      const timer = closing.clock.nextTimer();
      const outcome = closing.psp.execute(aCharge('sim_ok'), noDeadline());
      await timer;
      await closing.close();
      expect((await outcome).kind).toBe('unknown');
      expect(() => closing.clock.advance(DELAY_MS)).not.toThrow();
      expect(closing.lines).toEqual([]);
    });
  });
});
