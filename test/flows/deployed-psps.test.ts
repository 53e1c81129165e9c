import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Psp } from '../../adapters/psp/psp.ts';
import { createPspSimulator } from '../../adapters/psp/simulator/psp-simulator.ts';
import { connectSimulator, type Simulator } from '../../cli/simulator.ts';
import { SIMULATED_PSPS, type SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { Endpoints } from '../../local/endpoints.ts';
import { ApiClient } from '../support/api-client.ts';
import { describePspContract } from '../support/psp-contract.ts';
import { aCharge, noDeadline } from '../support/psp-under-test.ts';
import { LocalRuntime } from '../support/runtime.ts';
import { Buyer, SimulatorCaller } from '../support/simulator-caller.ts';

/** The simulator's stack as it would be deployed: its API, its bundles, its table, its secret, its grants. */
const runtime = new LocalRuntime(['local/start.ts', '--port', '0', '--json', '--psp', 'deployed']);
let endpoints: Endpoints;
let simulator: Simulator;
let secrets: SecretsManagerClient;

beforeAll(async () => {
  endpoints = await runtime.start();
  secrets = new SecretsManagerClient({
    endpoint: endpoints.secretsManager,
    region: 'us-east-1',
    credentials: { accessKeyId: 'oncepay-cli', secretAccessKey: 'local' },
  });
  const place = { url: endpoints.psp, secretArn: endpoints.pspSecretArn ?? '' };
  simulator = connectSimulator(async () => place, secrets);
});
afterAll(() => runtime.dispose());

const total = z.object({ total: z.int() });
const timesCharged = async (reference: string) =>
  total.parse(await simulator.get(`/charges?reference=${reference}`)).total;

async function adapterOf(name: SimulatedPspName): Promise<Psp> {
  return createPspSimulator({
    account: name,
    url: `${endpoints.psp}/${name}`,
    apiKey: await simulator.keyOf(name),
  });
}

for (const name of SIMULATED_PSPS) {
  describePspContract(`${name} as its functions play it`, async () => {
    // Its own clock moves by itself: the lag is taken away instead of waited for.
    await simulator.post('/control', { psp: name, visible_after_ms: 0 });
    const url = `${endpoints.psp}/${name}`;
    const apiKey = await simulator.keyOf(name);
    return {
      psp: createPspSimulator({ account: name, url, apiKey }),
      withWrongKey: createPspSimulator({ account: name, url, apiKey: await simulator.keyOf('control') }),
      at: (other) => createPspSimulator({ account: name, url: other, apiKey }),
      tokens: { succeeds: 'sim_ok', declines: 'sim_decline_insufficient_funds' },
      timesCharged,
      now: () => Date.now(),
      passLookUpLag: async () => {},
      close: async () => {
        await simulator.post('/control', { psp: name, reset: true });
      },
    };
  });
}

describe('a payment', () => {
  test.each([
    ['sim_ok', 'SUCCESS', 1],
    ['sim2_ok', 'SUCCESS', 1],
    ['sim_500_charged', 'SUCCESS', 1],
    ['sim_flaky_1', 'SUCCESS', 1],
    ['sim_decline_card_declined', 'FAILED', 0],
  ])('with %s ends in %s, with %i charges', async (paymentMethod, status, charges) => {
    const api = new ApiClient(endpoints);
    const { body } = await api.pay({ paymentMethod });
    expect(await api.settled(body.id)).toMatchObject({ status });
    expect(await timesCharged(body.payment_orders[0].id)).toBe(charges);
  });
});

describe.each(SIMULATED_PSPS)('the payment page of %s', (name) => {
  let caller: SimulatorCaller;
  beforeAll(async () => {
    caller = new SimulatorCaller(`${endpoints.psp}/${name}`, await simulator.keyOf(name));
  });

  test('is found at the address that the PSP names, and its approval charges', async () => {
    const request = aCharge('sim_requires_action');
    const outcome = await (await adapterOf(name)).execute(request, noDeadline());
    if (outcome.kind !== 'requires_action') throw new Error(`the charge is ${outcome.kind}`);
    const buyer = new Buyer({ redirect_url: outcome.redirectUrl ?? '' });
    expect((await buyer.open()).headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect((await buyer.act('approve')).headers.get('location')).toBe(outcome.redirectUrl);
    expect(await timesCharged(request.reference)).toBe(1);
  });

  test('leaves the charge to the confirmation, if the PSP needs one', async () => {
    await simulator.post('/control', { psp: name, needs_confirmation: true });
    const charge = await caller.charge('sim_requires_action');
    await new Buyer(charge).act('approve');
    expect(await caller.statusOf(charge)).toBe('authenticated');
    expect(await timesCharged(String(charge.reference))).toBe(0);
    expect(await caller.confirm(charge)).toMatchObject({ status: 200, body: { status: 'succeeded' } });
    expect(await timesCharged(String(charge.reference))).toBe(1);
    await simulator.post('/control', { psp: name, reset: true });
  });

  test('approves nothing once the shop has invalidated the charge', async () => {
    const charge = await caller.charge('sim_requires_action');
    const buyer = new Buyer(charge);
    const token = await buyer.token();
    expect(await caller.invalidate(charge)).toMatchObject({ status: 200, body: { status: 'invalidated' } });
    await buyer.submit('approve', token);
    expect(await caller.statusOf(charge)).toBe('invalidated');
    expect(await timesCharged(String(charge.reference))).toBe(0);
  });
});

test('a charge of the dashboard is in the list of entries', async () => {
  const made = z
    .object({ id: z.string() })
    .parse(await simulator.post('/charges', { psp: 'simulator_2', amount: 700, currency: 'EUR' }));
  const caller = new SimulatorCaller(`${endpoints.psp}/simulator_2`, await simulator.keyOf('simulator_2'));
  const listed = async () => {
    const entries: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = cursor === '' ? '' : `?cursor=${cursor}`;
      const page = entriesPage.parse((await caller.get(`/v1/entries${query}`)).body);
      entries.push(...page.entries.map(({ charge }) => charge));
      cursor = page.next_cursor;
    }
    return entries;
  };
  await expect.poll(listed, { timeout: 10_000 }).toContain(made.id);
});

const entriesPage = z.object({
  entries: z.array(z.object({ charge: z.string() })),
  next_cursor: z.string().nullable(),
});

describe('events', () => {
  test('are recorded with the reason why they could not be sent', async () => {
    await simulator.post('/control', { webhook_url: 'https://127.0.0.1:1/' });
    await (await adapterOf('simulator')).execute(aCharge('sim_ok'), noDeadline());
    const undelivered = { events: [{ type: 'charge.succeeded', deliveries: [{ error: 'ECONNREFUSED' }] }] };
    await expect.poll(() => simulator.get('/events')).toMatchObject(undelivered);
    expect(await simulator.post('/events/redeliver', {})).toEqual({ sent: 1, delivered: 0 });
    await simulator.post('/control', { reset: true });
  });

  test('are sent nowhere without TLS', async () => {
    const change = { webhook_url: 'http://127.0.0.1:1/' };
    await expect(simulator.post('/control', change)).rejects.toThrow('It takes an https URL.');
  });
});

describe('the functions', () => {
  test('charge once for thirty sends of one key at once', async () => {
    const psp = await adapterOf('simulator');
    const request = aCharge('sim_ok');
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => psp.execute(request, noDeadline())));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['succeeded']));
    expect(await timesCharged(request.reference)).toBe(1);
  });

  test('land a charge after its caller has given up', async () => {
    const psp = await adapterOf('simulator');
    const request = aCharge('sim_ok');
    await simulator.post('/control', { landing_delay_ms: 500 });
    const outcome = await psp.execute(request, AbortSignal.timeout(250));
    await simulator.post('/control', { reset: true });
    expect(outcome.kind).toBe('unknown');
    await expect.poll(() => timesCharged(request.reference), { timeout: 10_000 }).toBe(1);
  });

  test('charge but do not answer for a token that hangs', async () => {
    const psp = await adapterOf('simulator');
    const request = aCharge('sim_timeout_charged');
    expect((await psp.execute(request, AbortSignal.timeout(2_000))).kind).toBe('unknown');
    expect(await timesCharged(request.reference)).toBe(1);
  });

  test('accept nothing while the PSP is down', async () => {
    const psp = await adapterOf('simulator_2');
    await simulator.post('/control', { psp: 'simulator_2', down_for_seconds: 60 });
    expect((await psp.execute(aCharge('sim_ok'), noDeadline())).kind).toBe('not_sent');
    await simulator.post('/control', { psp: 'simulator_2', reset: true });
    expect((await psp.execute(aCharge('sim_ok'), noDeadline())).kind).toBe('succeeded');
  });
});

describe('a new value of the secret from which the keys are derived', () => {
  test('is used by both sides at once: payments continue, and the old key is refused', async () => {
    const before = await adapterOf('simulator');
    await secrets.send(
      new PutSecretValueCommand({ SecretId: endpoints.pspSecretArn, SecretString: 'another, long enough' }),
    );
    const after = await adapterOf('simulator');
    // Both keep what they have read for a second at least.
    await expect
      .poll(async () => (await after.find(aCharge('sim_ok'), noDeadline())).kind, { timeout: 10_000 })
      .toBe('not_found');
    expect(await before.execute(aCharge('sim_ok'), noDeadline())).toMatchObject({ kind: 'misconfigured' });
    const api = new ApiClient(endpoints);
    const { body } = await api.pay();
    expect(await api.settled(body.id)).toMatchObject({ status: 'SUCCESS' });
    expect(await timesCharged(body.payment_orders[0].id)).toBe(1);
  });
});

describe('the control address', () => {
  test.each(['/charges', '/requests', '/stats', '/control'])(
    'does not show %s without its key',
    async (path) => {
      const authorization = `Bearer ${await simulator.keyOf('simulator')}`;
      for (const headers of [{}, { authorization }]) {
        expect((await fetch(endpoints.psp + path, { headers })).status).toBe(401);
      }
    },
  );

  test('lists and sums what both PSPs did', async () => {
    const { charges, sends } = z
      .object({ charges: z.int(), sends: z.int() })
      .parse(await simulator.get('/stats'));
    expect(charges).toBeGreaterThan(0);
    expect(sends).toBeGreaterThanOrEqual(charges);
    expect(await simulator.get('/charges?limit=1')).toMatchObject({ total: charges });
  });
});
