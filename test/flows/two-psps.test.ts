import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { LocalRuntime } from '../support/runtime.ts';

const runtime = new LocalRuntime();
let api: ApiClient;

beforeAll(async () => {
  api = new ApiClient(await runtime.start());
});
afterAll(() => runtime.dispose());

async function control(change: object): Promise<void> {
  const { ok } = await fetch(`${api.endpoints.psp}/control`, {
    method: 'POST',
    body: JSON.stringify(change),
  });
  expect(ok).toBe(true);
}

async function chargesAt(psp: string, reference: string): Promise<number> {
  const response = await fetch(`${api.endpoints.psp}/charges?psp=${psp}&reference=${reference}`);
  const { total } = (await response.json()) as { total: number };
  return total;
}

describe('a payment by a token of the second PSP', () => {
  test.each(['sim2_ok', 'sim2_500_charged', 'sim2_flaky_1'])(
    '(%s) is charged once, there and not at the first, which may be down',
    async (paymentMethod) => {
      await control({ psp: 'simulator', down_for_seconds: 60 });
      const { body } = await api.pay({ paymentMethod });

      const payment = await api.settled(body.id);

      expect(payment).toMatchObject({ status: 'SUCCESS', payment_method: paymentMethod });
      const [{ id }] = payment.payment_orders;
      expect([await chargesAt('simulator', id), await chargesAt('simulator_2', id)]).toEqual([0, 1]);
      await control({ psp: 'simulator', reset: true });
    },
  );

  test('waits while that PSP is down, and the first PSP goes on', async () => {
    await control({ psp: 'simulator_2', down_for_seconds: 60 });
    const { body: waiting } = await api.pay({ paymentMethod: 'sim2_ok' });
    const { body: paid } = await api.pay({ paymentMethod: 'sim_ok' });

    expect((await api.settled(paid.id)).status).toBe('SUCCESS');
    expect((await api.get(`/payments/${waiting.id}`)).body.status).not.toBe('SUCCESS');
    await control({ psp: 'simulator_2', reset: true });
    expect((await api.settled(waiting.id)).status).toBe('SUCCESS');
    expect(await api.charges(waiting.payment_orders[0].id)).toBe(1);
  });

  test.each(['sim2_wrong_currency', 'sim2_wrong_reference'])(
    '(%s) with an answer for something else is not booked and waits for manual review',
    async (paymentMethod) => {
      const { body } = await api.pay({ paymentMethod });
      await expect
        .poll(async () => (await api.get(`/payments/${body.id}`)).body.payment_orders[0].status_detail, {
          timeout: 10_000,
        })
        .toBe('manual_review');
      expect(await chargesAt('simulator_2', body.payment_orders[0].id)).toBe(1);
    },
  );
});
