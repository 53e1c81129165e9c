import type { BrowserContext, Page } from 'playwright-core';
import type { Shop } from './shop.ts';

/** A buyer with a tab that pays and a tab of the shop. */
export class Buyer {
  /** The tab that pays. */
  readonly tab: Page;
  readonly paymentId: string;
  /** Of the payment's only order. */
  readonly orderId: string;
  /** The PSP's page. */
  readonly pspPage: string;
  private readonly shopTab: Page;
  private readonly orderPage: string;

  private constructor(tabs: readonly [Page, Page], orderPage: string, ids: ReturnType<Shop['orderAt']>) {
    [this.tab, this.shopTab] = tabs;
    this.orderPage = orderPage;
    this.pspPage = this.tab.url();
    this.paymentId = ids.paymentId;
    this.orderId = ids.orderId;
  }

  /** Orders, and is redirected to the PSP's page. */
  static async order(context: BrowserContext, shop: Shop, paymentMethod: string): Promise<Buyer> {
    const { cart, order } = shop.pages(paymentMethod);
    const tab = await context.newPage();
    await tab.goto(cart);
    await press(tab, 'Pay');
    await headline(tab, 'Approve this payment?');
    const shopTab = await context.newPage();
    await shopTab.goto(order);
    return new Buyer([tab, shopTab], order, shop.orderAt(order));
  }

  /** Resolves at the shop, whose address has the payment's id and nothing that says how it ended. */
  async isBack(tab = this.tab): Promise<void> {
    await tab.waitForURL(`${this.orderPage}?payment_id=${this.paymentId}`);
  }

  /**
   * Approves, and is held up on the way back: the browser has the PSP's redirect and hasn't followed it yet.
   *
   * @returns lets the browser follow it; resolves at the shop
   */
  async approveAndBeHeldUp(): Promise<() => Promise<void>> {
    const session = await this.tab.context().newCDPSession(this.tab);
    await session.send('Fetch.enable', { patterns: [{ urlPattern: '*/v1/returns/*' }] });
    const held = new Promise<string>((resolve) => {
      session.on('Fetch.requestPaused', ({ requestId }) => resolve(requestId));
    });
    await this.tab.getByRole('button', { name: 'Approve payment' }).click({ noWaitAfter: true });
    const requestId = await held;
    return async () => {
      await session.send('Fetch.continueRequest', { requestId });
      await this.isBack();
    };
  }

  /** Reloads the shop's page. @returns what it says */
  async reload(): Promise<string | null> {
    await this.shopTab.reload();
    return this.shopTab.getByRole('heading', { level: 1 }).textContent();
  }
}

export function press(tab: Page, button: string): Promise<void> {
  return tab.getByRole('button', { name: button, exact: true }).click();
}

/** Resolves once the page says so. */
export function headline(tab: Page, text: string): Promise<void> {
  return tab.getByRole('heading', { level: 1, name: text, exact: true }).waitFor();
}
