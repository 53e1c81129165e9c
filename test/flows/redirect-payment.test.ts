import pg from 'pg';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { measure } from '../browser/measure.ts';
import { ApiClient } from '../support/api-client.ts';
import { Buyer, headline, press } from '../support/buyer.ts';
import { launchChromium, NO_CHROMIUM } from '../support/chromium.ts';
import { oncepayAt } from '../support/command-line.ts';
import { Shop } from '../support/shop.ts';
import { SteppedRuntime } from '../support/stepped-runtime.ts';

/** Past the first look-up of a payment that no event woke, in milliseconds. */
const POLL_DUE_MS = 31_000;
/** Past the ten seconds that `sim_requires_action_expires` waits for its buyer, and past that look-up. */
const EXPIRED_MS = POLL_DUE_MS;

/** What can come after the buyer's approval, in any order. The shop's page is reloaded; each of the others can tell us. */
type Step = 'return' | 'event' | 'sweep' | 'reload';
const OTHERS: readonly Step[] = ['return', 'event', 'reload'];
const PLACES = [0, 1, 2, 3];

describe.skipIf(NO_CHROMIUM !== undefined)('a buyer in a browser', () => {
  let runtime: SteppedRuntime;
  let database: pg.Pool;
  let api: ApiClient;
  let shop: Shop;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    [runtime, browser] = await Promise.all([SteppedRuntime.start('dev'), launchChromium()]);
    database = new pg.Pool({ connectionString: runtime.endpoints.postgres });
    api = new ApiClient(runtime.endpoints);
    shop = new Shop(api);
    await shop.start();
  });
  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(async () => {
    await runtime.control({ pause_polling: false });
    await runtime.controlPsp({ reset: true });
    await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    shop?.close();
    await database?.end();
    await runtime?.dispose();
  });

  const order = (paymentMethod = 'sim_requires_action') => Buyer.order(context, shop, paymentMethod);

  /** How often money was taken and booked for the buyer's payment, once that has ended. */
  async function taken({ paymentId, orderId }: Buyer) {
    const payment = await api.settled(paymentId);
    const [{ movements }] = payment.payment_orders;
    const { rows } = await database.query(
      `select from ledger_transaction t
       join movement m on t.source_kind = 'movement' and t.source_id = m.movement_id
       where m.payment_order_id = $1`,
      [orderId],
    );
    return {
      status: payment.status,
      charges: await api.charges(orderId),
      movements: movements.map(({ kind }: { kind: string }) => kind),
      transactions: rows.length,
    };
  }
  const ONCE = { status: 'SUCCESS', charges: 1, movements: ['charge'], transactions: 1 };
  const NOT = { status: 'FAILED', charges: 0, movements: [], transactions: 0 };

  async function failureOf({ paymentId }: Buyer): Promise<object> {
    return (await api.settled(paymentId)).payment_orders[0].failure;
  }

  test('who approves comes back, and has paid once', async () => {
    const buyer = await order();
    expect(await buyer.reload()).toBe('Waiting for your payment');
    await press(buyer.tab, 'Approve payment');
    await buyer.isBack();
    expect(await taken(buyer)).toEqual(ONCE);
    expect(await buyer.reload()).toBe('Paid');
  });

  test('who declines comes back, and has paid nothing', async () => {
    const buyer = await order();
    await press(buyer.tab, 'Decline');
    await buyer.isBack();
    expect(await taken(buyer)).toEqual(NOT);
    expect(await failureOf(buyer)).toMatchObject({ code: 'declined', psp_code: 'buyer_declined' });
    expect(await buyer.reload()).toBe('Not paid');
  });

  test('who never comes back has paid nothing, and can’t pay afterwards', async () => {
    await runtime.controlPsp({ event_loss_rate: 1 });
    const buyer = await order('sim_requires_action_expires');
    await buyer.tab.close();
    await runtime.advance(EXPIRED_MS);
    await runtime.runSchedule('relay-instructions');
    expect(await taken(buyer)).toEqual(NOT);
    expect(await failureOf(buyer)).toMatchObject({ category: 'expired' });
    const late = await context.newPage();
    await late.goto(buyer.pspPage);
    await headline(late, 'This payment has expired');
  });

  test('whose time is over by our clock alone can’t pay either: the payment is invalidated first', async () => {
    const lifetimeMs = 120_000;
    // Without events, no look-up is under way when the clock is advanced: only the sweep finds that the time is over.
    await runtime.controlPsp({ action_lifetime_ms: lifetimeMs, event_loss_rate: 1 });
    const buyer = await order();
    await runtime.advanceDatabase(lifetimeMs);
    await runtime.runSchedule('relay-instructions');
    const [{ failure, timeline }] = (await api.settled(buyer.paymentId)).payment_orders;
    expect(failure).toMatchObject({ category: 'expired' });
    expect(timeline.at(-1)).toMatchObject({ action: 'invalidate' });
    await press(buyer.tab, 'Approve payment');
    await headline(buyer.tab, 'This payment was cancelled');
    expect(await taken(buyer)).toEqual(NOT);
  });

  test('who closes the page without deciding can still pay', async () => {
    const buyer = await order();
    await press(buyer.tab, 'Close without deciding');
    await buyer.isBack();
    expect(await buyer.reload()).toBe('Waiting for your payment');
    await buyer.tab.goto(buyer.pspPage);
    await press(buyer.tab, 'Approve payment');
    await buyer.isBack();
    expect(await taken(buyer)).toEqual(ONCE);
  });

  test('who goes back and returns again has paid once', async () => {
    const buyer = await order();
    await press(buyer.tab, 'Approve payment');
    await buyer.isBack();
    await buyer.tab.goBack();
    await headline(buyer.tab, 'Payment complete');
    await buyer.tab.reload();
    await buyer.tab.getByRole('link', { name: 'Return to the shop' }).click();
    await buyer.isBack();
    expect(await taken(buyer)).toEqual(ONCE);
  });

  test('who approves in two tabs comes back in both, and has paid once', async () => {
    const buyer = await order();
    const second = await context.newPage();
    await second.goto(buyer.pspPage);
    await Promise.all([buyer.tab, second].map((tab) => press(tab, 'Approve payment')));
    await Promise.all([buyer.tab, second].map((tab) => buyer.isBack(tab)));
    expect(await taken(buyer)).toEqual(ONCE);
  });

  describe('who has approved, has paid once', () => {
    beforeEach(() => runtime.controlPsp({ event_loss_rate: 1 }));

    async function approved() {
      const buyer = await order();
      return { buyer, comeBack: await buyer.approveAndBeHeldUp() };
    }
    type Approved = Awaited<ReturnType<typeof approved>>;

    /** Sends the event of the approval, which was lost. */
    async function deliverEvent({ orderId }: Buyer): Promise<void> {
      const { psp } = runtime.endpoints;
      const listed = await fetch(`${psp}/events?reference=${orderId}`);
      const { events } = (await listed.json()) as { events: { id: string; type: string }[] };
      const id = events.find(({ type }) => type === 'charge.succeeded')?.id;
      const body = JSON.stringify({ psp: 'simulator', id });
      const sent = await fetch(`${psp}/events/redeliver`, { method: 'POST', body });
      expect(await sent.json()).toEqual({ sent: 1, delivered: 1 });
    }

    /** @returns what the shop says, if it is asked */
    async function take(step: Step, { buyer, comeBack }: Approved): Promise<string | null> {
      if (step === 'reload') return buyer.reload();
      await (step === 'return' ? comeBack() : deliverEvent(buyer));
      return null;
    }

    async function sweep(): Promise<void> {
      await runtime.advance(POLL_DUE_MS);
      await runtime.runSchedule('relay-instructions');
    }

    /** The six orders with the sweep at this place, each with a buyer. */
    function buyersOf(sweepAt: number) {
      const orders = permutations(OTHERS).map((others) => others.toSpliced(sweepAt, 0, 'sweep'));
      return Promise.all(orders.map(async (steps) => ({ steps, ...(await approved()) })));
    }

    test.each(PLACES)('in the 6 orders of return, event and reload with the sweep at %i', async (sweepAt) => {
      const buyers = await buyersOf(sweepAt);
      for (const place of PLACES) {
        if (place === sweepAt) await sweep();
        const all = buyers.map(async ({ steps, ...buyer }) => {
          const step = steps[place] ?? 'sweep';
          const said = step === 'sweep' ? null : await take(step, buyer);
          const isTold = steps.slice(0, place + 1).some((past) => past !== 'reload');
          if (step === 'reload') expect(said).toBe(isTold ? 'Paid' : 'Waiting for your payment');
          // The first that tells us is enough.
          if (isTold) expect(await taken(buyer.buyer), steps.join(', ')).toEqual(ONCE);
        });
        await Promise.all(all);
      }
    });

    test.each(PLACES)(
      'in these orders with the sweep at %i, if the first look-up is after all four',
      async (sweepAt) => {
        const buyers = await buyersOf(sweepAt);
        await runtime.control({ pause_polling: true });
        for (const place of PLACES) {
          const all = buyers.map(({ steps, ...buyer }) => {
            const step = steps[place] ?? 'sweep';
            return step === 'sweep' ? undefined : take(step, buyer);
          });
          await Promise.all(place === sweepAt ? [sweep()] : all);
        }
        expect(await Promise.all(buyers.map(({ buyer }) => buyer.reload()))).toEqual(
          buyers.map(() => 'Waiting for your payment'),
        );
        await runtime.control({ pause_polling: false });
        for (const { buyer, steps } of buyers) expect(await taken(buyer), steps.join(', ')).toEqual(ONCE);
      },
    );

    test('if all four come at once', async () => {
      const buyers = await Promise.all(Array.from({ length: 6 }, approved));
      const steps = buyers.flatMap((buyer) => OTHERS.map((step) => take(step, buyer)));
      await Promise.all([sweep(), ...steps]);
      const ends = await Promise.all(buyers.map(({ buyer }) => taken(buyer)));
      expect(ends).toEqual(buyers.map(() => ONCE));
    });
  });

  test.each([
    ['light', 390],
    ['dark', 390],
    ['dark', 1_600],
  ] as const)(
    'comes back to a page that can be read, if the shop has none: %s, %i pixels',
    async (colorScheme, width) => {
      const { body } = await api.pay();
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
      await page.goto(`${api.endpoints.api}/returns/${body.payment_orders[0].id}`);
      await headline(page, 'Thank you');
      const { overflow, contrasts } = await page.evaluate(measure);
      expect(overflow).toBe(0);
      expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(4.5);
      await page.close();
    },
  );

  test('leaves no dead letter, and everything adds up', async () => {
    const { rows } = await database.query('select dead_letter_id, reason from dead_letter');
    expect(rows).toEqual([]);
    const { code, out } = await oncepayAt(runtime.directory, ['verify']);
    expect(out).toContain('invariants hold');
    expect(code).toBe(0);
  });
});

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}
