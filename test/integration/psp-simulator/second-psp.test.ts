import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePaymentMethod } from '../../../domain/payment/payment-method.ts';
import { accountsAt, pspsOf, SecretInTest } from '../../support/psp-accounts.ts';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import { SIMULATOR_HOSTS, type SimulatorInTest } from '../../support/simulator.ts';
import { SIMULATOR_SECRET } from '../../support/simulator-keys.ts';

describe.each(SIMULATOR_HOSTS)('simulated PSPs %s', (_host, start) => {
  let simulator: SimulatorInTest;
  beforeEach(async () => {
    simulator = await start();
  });
  afterEach(() => simulator.close());

  const chargeBoth = async () => [
    (await simulator.psp.execute(aCharge('sim_ok'), noDeadline())).kind,
    (await simulator.second.execute(aCharge('sim_ok'), noDeadline())).kind,
  ];

  describe('two PSPs in one process', () => {
    it.each([
      ['simulator', ['not_sent', 'succeeded']],
      ['simulator_2', ['succeeded', 'not_sent']],
    ])('lets %s be down while the other is up', async (psp, kinds) => {
      await simulator.control({ psp, down_for_seconds: 20 });
      expect(await chargeBoth()).toEqual(kinds);
      await simulator.control({ psp, down_for_seconds: 0 });
      expect(await chargeBoth()).toEqual(['succeeded', 'succeeded']);
    });

    it('changes the switches of the one that is named, or of the first; resets that one, or both', async () => {
      await simulator.control({ reject_key_for_seconds: 60 });
      await simulator.control({ psp: 'simulator_2', reject_key_for_seconds: 60 });
      expect(await chargeBoth()).toEqual(['misconfigured', 'misconfigured']);
      await simulator.control({ psp: 'simulator_2', reset: true });
      expect(await chargeBoth()).toEqual(['misconfigured', 'succeeded']);
      await simulator.control({ psp: 'simulator_2', down_for_seconds: 60 });
      await simulator.control({ reset: true });
      expect(await chargeBoth()).toEqual(['succeeded', 'succeeded']);
    });

    it('refuses to change the switches of a PSP that is not there', async () => {
      expect(await simulator.control({ psp: 'simulator_3', latency_ms: 1 })).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_field', param: 'psp' } },
      });
    });

    it('keeps keys apart: the same one charges, and is invalidated, once at each', async () => {
      const request = aCharge('sim_ok');
      await simulator.psp.invalidate(request, noDeadline());
      expect((await simulator.psp.execute(request, noDeadline())).kind).toBe('declined');
      expect((await simulator.second.execute(request, noDeadline())).kind).toBe('succeeded');
    });
  });

  describe('the record of both', () => {
    it('lists the charges of one PSP after those of the other, and counts all', async () => {
      await simulator.psp.execute(aCharge('sim_ok'), noDeadline());
      const request = aCharge('sim_ok');
      await simulator.second.execute(request, noDeadline());
      expect((await simulator.read('/charges')).body).toMatchObject({
        total: 2,
        charges: [{ psp: 'simulator' }, { psp: 'simulator_2', reference: request.reference }],
      });
      expect((await simulator.read('/charges?psp=simulator_2')).body).toMatchObject({
        total: 1,
        charges: [{ psp: 'simulator_2', reference: request.reference }],
      });
    });

    it('lists the calls of both, newest first, and of one where one is named', async () => {
      const [one, other] = [aCharge('sim_ok'), aCharge('sim_ok')];
      await simulator.psp.execute(one, noDeadline());
      simulator.clock.advance(1);
      await simulator.second.execute(other, noDeadline());
      simulator.clock.advance(1);
      await simulator.psp.find(one, noDeadline());
      const calls = (query: string) => simulator.read(`/requests${query}`).then(({ body }) => body);
      const [asked, second, first] = [
        { psp: 'simulator', kind: 'look_up', reference: one.reference },
        { psp: 'simulator_2', kind: 'send', reference: other.reference },
        { psp: 'simulator', kind: 'send', reference: one.reference },
      ];
      expect(await calls('')).toMatchObject({ requests: [asked, second, first], sends: 2, total: 3 });
      expect(await calls('?limit=2')).toMatchObject({ requests: [asked, second], total: 3 });
      expect(await calls('?psp=simulator_2')).toMatchObject({ requests: [second], sends: 1, total: 1 });
      expect(await calls(`?reference=${other.reference}`)).toMatchObject({ requests: [second], total: 1 });
      expect((await simulator.read('/stats')).body).toMatchObject({ charges: 2, sends: 2, look_ups: 1 });
      expect((await simulator.read('/stats?psp=simulator_2')).body).toMatchObject({
        charges: 1,
        look_ups: 0,
      });
    });

    it.each([1, 2, 3, 4, 7])('pages through the charges of both, %i at a time', async (limit) => {
      const asked = [];
      for (const psp of [simulator.psp, simulator.psp, simulator.psp, simulator.second, simulator.second]) {
        const request = aCharge('sim_ok');
        await psp.execute(request, noDeadline());
        asked.push(request.reference);
      }
      const [a, b, c, d, e] = asked;
      expect(await referencesPageByPage(limit)).toEqual([c, b, a, e, d]);
    });
  });

  describe('the accounts', () => {
    it('take each token to the PSP it names, with the key of that PSP', async () => {
      const psps = await pspsOf(accountsAt(simulator, new SecretInTest(SIMULATOR_SECRET))).hold();
      for (const [token, name] of [
        ['sim_ok', 'simulator'],
        ['sim2_ok', 'simulator_2'],
      ] as const) {
        const method = parsePaymentMethod(token);
        const request = aCharge(method?.token ?? '');
        expect(await psps.get(method?.psp ?? '')?.execute(request, noDeadline())).toMatchObject({
          kind: 'succeeded',
        });
        expect((await simulator.read(`/charges?reference=${request.reference}`)).body).toMatchObject({
          charges: [{ psp: name }],
        });
      }
    });

    it('send nothing while their key can not be read', async () => {
      const unreadable = () => Promise.reject(new Error('AccessDeniedException'));
      const secret = { read: unreadable, refresh: unreadable };
      const psp = (await pspsOf(accountsAt(simulator, secret)).hold()).get('simulator');
      const request = aCharge('sim_ok');
      expect(await psp?.execute(request, noDeadline())).toEqual({
        kind: 'not_sent',
        reason: 'our key can’t be read',
      });
      expect((await simulator.read('/requests')).body).toMatchObject({ total: 0 });
    });

    it('are none where the stage has none', async () => {
      expect([...(await pspsOf([]).hold()).keys()]).toEqual([]);
    });
  });

  async function referencesPageByPage(limit: number): Promise<readonly string[]> {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await simulator.read(
        `/charges?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      const page = body as { charges: { reference: string }[]; next_cursor: string | null };
      seen.push(...page.charges.map(({ reference }) => reference));
      cursor = page.next_cursor;
    }
    return seen;
  }
});
