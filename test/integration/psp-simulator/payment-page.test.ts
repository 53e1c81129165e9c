import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIMULATOR_HOSTS, type SimulatorInTest } from '../../support/simulator.ts';
import { Buyer, SimulatorCaller } from '../../support/simulator-caller.ts';

describe.each(SIMULATOR_HOSTS)('the payment page of simulated PSPs %s', (_host, start) => {
  let simulator: SimulatorInTest;
  let caller: SimulatorCaller;
  beforeAll(async () => {
    simulator = await start();
    caller = new SimulatorCaller(simulator.listenerUrl);
  });
  afterAll(() => simulator.close());

  const RETURN_URL = 'https://shop.example/back?cart=1';
  const aWaitingCharge = (more: object = {}) => caller.charge('sim_requires_action', more);
  const textOf = async (buyer: Buyer) => (await buyer.open()).text();
  const locationOf = (response: Response) => response.headers.get('location') ?? '';

  it.each([
    [1_234_567, 'KRW', '1,234,567 KRW'],
    [1_234, 'USD', '12.34 USD'],
    [1_234_500, 'KWD', '1,234.500 KWD'],
  ])('shows %i in minor units of %s as %s', async (amount, currency, shown) => {
    const charge = await aWaitingCharge({ amount, currency });
    expect(await textOf(new Buyer(charge))).toContain(shown);
  });

  it('shows what comes from outside as text', async () => {
    const reference = `<script>alert(1)</script>"&'`;
    const { body } = await caller.send(reference, { payment_method: 'sim_requires_action' });
    const text = await textOf(new Buyer(body as { redirect_url: string }));
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;&#39;');
    expect(text).not.toContain('<script');
  });

  it('is kept by nobody, in no frame, and runs no script', async () => {
    const response = await new Buyer(await aWaitingCharge({ return_url: RETURN_URL })).open();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src data:; form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'$/,
    );
  });

  it.each([
    ['approve', 'succeeded'],
    ['decline', 'declined'],
    ['close', 'requires_action'],
  ])('sends a buyer who chose to %s back to the shop, and says %s', async (action, status) => {
    const charge = await aWaitingCharge({ return_url: RETURN_URL });
    const response = await new Buyer(charge).act(action);
    expect(response.status).toBe(303);
    expect(locationOf(response)).toBe(
      `${RETURN_URL}&${new URLSearchParams({ reference: String(charge.reference), charge: charge.id, redirect_status: status })}`,
    );
  });

  it('keeps a buyer without a shop to return to on the page', async () => {
    const charge = await aWaitingCharge();
    const buyer = new Buyer(charge);
    expect(locationOf(await buyer.act('close'))).toBe(`${charge.redirect_url}?left`);
    expect(locationOf(await buyer.act('approve'))).toBe(charge.redirect_url);
    expect(await textOf(buyer)).toContain('Payment complete');
  });

  it('charges once for an approval that is sent twice', async () => {
    const charge = await aWaitingCharge({ return_url: RETURN_URL });
    const buyer = new Buyer(charge);
    const token = await buyer.token();
    const [first, second] = await Promise.all([
      buyer.submit('approve', token),
      buyer.submit('approve', token),
    ]);
    expect(locationOf(second)).toBe(locationOf(first));
    expect(await simulator.timesCharged(String(charge.reference))).toBe(1);
  });

  it('has no form for a buyer who comes back, but the way to the shop', async () => {
    const buyer = new Buyer(await aWaitingCharge({ return_url: RETURN_URL }));
    await buyer.act('approve');
    const text = await textOf(buyer);
    expect(text).not.toContain('<form');
    expect(text).toContain('href="https://shop.example/back?cart=1&amp;reference=');
  });

  it('does not let a decline undo an approval', async () => {
    const charge = await aWaitingCharge();
    const buyer = new Buyer(charge);
    const token = await buyer.token();
    await buyer.submit('approve', token);
    await buyer.submit('decline', token);
    expect(await caller.statusOf(charge)).toBe('succeeded');
  });

  it('says that a payment has expired, to whoever opens it and to whoever still approves', async () => {
    const charge = await caller.charge('sim_requires_action_expires', { return_url: RETURN_URL });
    const buyer = new Buyer(charge);
    const token = await buyer.token();
    simulator.clock.advance(10_000);
    expect(locationOf(await buyer.submit('approve', token))).toBe(charge.redirect_url);
    expect(await textOf(buyer)).toContain('This payment has expired');
  });

  it.each([
    ['the token of another charge', async () => new Buyer(await aWaitingCharge()).token()],
    ['no token', async () => ''],
  ])('does nothing for a form with %s', async (_name, tokenOf) => {
    const charge = await aWaitingCharge();
    expect((await new Buyer(charge).submit('approve', await tokenOf())).status).toBe(403);
    expect(await caller.statusOf(charge)).toBe('requires_action');
  });

  it.each(['', 'refund', '__proto__', 'constructor'])('does nothing for the act "%s"', async (action) => {
    const buyer = new Buyer(await aWaitingCharge());
    expect((await buyer.act(action)).status).toBe(400);
  });

  it('has nothing to show for a charge that does not exist', async () => {
    const response = await fetch(`${simulator.listenerUrl}/pay/ch_0000009999`);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('There is no such payment');
  });
});
