import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { launchChromium, NO_CHROMIUM } from '../support/chromium.ts';
import { type SimulatorInTest, startSimulatorInTest } from '../support/simulator.ts';
import { SimulatorCaller } from '../support/simulator-caller.ts';
import { measure } from './measure.ts';

describe.skipIf(NO_CHROMIUM !== undefined)('the payment page in a browser', () => {
  let browser: Browser;
  let simulator: SimulatorInTest;
  let caller: SimulatorCaller;
  let shop: Server;
  let returnUrl: string;
  /** Whatever the browser complains about: script and policy violations, failed requests. */
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
    simulator = await startSimulatorInTest();
    caller = new SimulatorCaller(simulator.listenerUrl);
    shop = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end('<!doctype html><title>Shop</title><link rel="icon" href="data:,"><h1>Welcome back</h1>');
    });
    shop.listen(0, '127.0.0.1');
    await once(shop, 'listening');
    returnUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/return?cart=1`;
  });
  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await simulator?.close();
    shop?.closeAllConnections();
    shop?.close();
  });

  async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
    return page;
  }

  async function open(token: string, options: BrowserContextOptions = {}, more: object = {}) {
    const charge = await caller.charge(token, more);
    const page = await newPage(options);
    await page.goto(charge.redirect_url ?? '');
    return { charge, page };
  }

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const headline = (page: Page) => page.getByRole('heading', { level: 1 }).textContent();

  test.each([
    ['Approve payment', 'succeeded'],
    ['Decline', 'declined'],
    ['Close without deciding', 'requires_action'],
  ])('"%s" leads back to the shop; the charge is %s', async (button, status) => {
    const { charge, page } = await open('sim_requires_action', {}, { return_url: returnUrl });
    await press(page, button);
    await page.waitForURL(`${returnUrl}&**`);
    expect(await headline(page)).toBe('Welcome back');
    expect(new URL(page.url()).searchParams.get('redirect_status')).toBe(status);
    expect(await caller.statusOf(charge)).toBe(status);
  });

  test.each(['Approve payment', 'Close without deciding'])(
    '"%s" leads to the shop by way of a server elsewhere',
    async (button) => {
      const pipeline = createServer((_request, response) => {
        response.writeHead(303, { location: returnUrl }).end();
      });
      pipeline.listen(0, '127.0.0.1');
      await once(pipeline, 'listening');
      onTestFinished(() => void pipeline.close());
      const { port } = pipeline.address() as AddressInfo;
      const { page } = await open('sim_requires_action', {}, { return_url: `http://127.0.0.1:${port}/` });
      await press(page, button);
      await page.waitForURL(returnUrl);
    },
  );

  test('without JavaScript it does the same', async () => {
    const { charge, page } = await open(
      'sim_requires_action',
      { javaScriptEnabled: false },
      { return_url: returnUrl },
    );
    await press(page, 'Approve payment');
    await page.waitForURL(`${returnUrl}&**`);
    expect(await caller.statusOf(charge)).toBe('succeeded');
  });

  test('the Enter key on the first control approves', async () => {
    const { charge, page } = await open('sim_requires_action');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Payment complete').waitFor();
    expect(await caller.statusOf(charge)).toBe('succeeded');
  });

  test('a reload after an approval repeats nothing', async () => {
    const { charge, page } = await open('sim_requires_action');
    await press(page, 'Approve payment');
    await page.getByText('Payment complete').waitFor();
    await page.reload();
    expect(await headline(page)).toBe('Payment complete');
    expect(await simulator.timesCharged(String(charge.reference))).toBe(1);
  });

  test('a buyer who goes back and approves again is charged once', async () => {
    const { charge, page } = await open('sim_requires_action', {}, { return_url: returnUrl });
    await press(page, 'Approve payment');
    await page.waitForURL(`${returnUrl}&**`);
    await page.goBack();
    expect(await headline(page)).toBe('Payment complete');
    await page.getByRole('link', { name: 'Return to the shop' }).click();
    await page.waitForURL(`${returnUrl}&**`);
    expect(await simulator.timesCharged(String(charge.reference))).toBe(1);
  });

  test('two tabs that approve charge once, and both end at the shop', async () => {
    const { charge, page } = await open('sim_requires_action', {}, { return_url: returnUrl });
    const second = await newPage();
    await second.goto(charge.redirect_url ?? '');
    await press(page, 'Approve payment');
    await press(second, 'Approve payment');
    await Promise.all([page, second].map((tab) => tab.waitForURL(`${returnUrl}&**`)));
    expect(await simulator.timesCharged(String(charge.reference))).toBe(1);
  });

  test('a payment that expires while its page is open says so', async () => {
    const { charge, page } = await open('sim_requires_action_expires', {}, { return_url: returnUrl });
    simulator.clock.advance(10_000);
    await press(page, 'Approve payment');
    await page.getByText('This payment has expired').waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
    expect(await caller.statusOf(charge)).toBe('expired');
  });

  test('a payment that the shop cancels while its page is open says so', async () => {
    const { charge, page } = await open('sim_requires_action');
    await caller.invalidate(charge);
    await press(page, 'Approve payment');
    await page.getByText('This payment was cancelled').waitFor();
    expect(await caller.statusOf(charge)).toBe('invalidated');
  });

  describe.each([400, 1_600])('%i pixels wide', (width) => {
    test.each(['light', 'dark'] as const)('fits, and has contrast in the %s scheme', async (colorScheme) => {
      const options = { viewport: { width, height: 800 }, colorScheme };
      const { page } = await open('sim_requires_action', options, {
        amount: 2 ** 53 - 1,
        currency: 'KWD',
        return_url: returnUrl,
      });
      const { overflow, contrasts, textHeights, buttonHeights } = await page.evaluate(measure);
      expect(overflow).toBe(0);
      expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(4.5);
      expect(Math.min(...textHeights)).toBeGreaterThan(0);
      expect(Math.min(...buttonHeights)).toBeGreaterThanOrEqual(44);
    });
  });

  test('a long reference without a space stays inside the page', async () => {
    // The key is made of it, and is as long at most.
    const reference = 'x'.repeat(255 - 'key_of_'.length);
    const { body } = await caller.send(reference, { payment_method: 'sim_requires_action' });
    const page = await newPage({ viewport: { width: 400, height: 800 } });
    await page.goto((body as { redirect_url: string }).redirect_url);
    const { overflow, textHeights } = await page.evaluate(measure);
    expect(overflow).toBe(0);
    expect(Math.min(...textHeights)).toBeGreaterThan(0);
  });
});
