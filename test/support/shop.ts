import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiClient, paymentBody } from './api-client.ts';

interface ShopOrder {
  readonly paymentId: string;
  /** Of its only payment order. */
  readonly orderId: string;
}

const PATH = /^\/(cart|order)\/(\d+)$/;
const TITLES: Readonly<Record<string, string>> = { SUCCESS: 'Paid', FAILED: 'Not paid' };

/** A shop on this machine: browsers show its pages, its server is a merchant's client of the API. */
export class Shop {
  private readonly api: ApiClient;
  private readonly orders = new Map<number, ShopOrder>();
  private carts = 0;
  private readonly server: Server = createServer((request, response) => {
    void this.serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });

  constructor(api: ApiClient) {
    this.api = api;
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** The pages of another buyer: the cart with its button, and the order, which is the payment's return URL. */
  pages(paymentMethod: string): { readonly cart: string; readonly order: string } {
    this.carts += 1;
    return {
      cart: `${this.pageOf('cart', this.carts)}?${paymentMethod}`,
      order: this.pageOf('order', this.carts),
    };
  }

  /** What was ordered at this page. */
  orderAt(page: string): ShopOrder {
    const order = this.orders.get(Number(page.split('/').at(-1)));
    if (order === undefined) throw new Error(`nothing was ordered at ${page}`);
    return order;
  }

  private pageOf(name: string, cart: number): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${name}/${cart}`;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', paymentMethod = ''] = request.url?.split('?') ?? [];
    const [, name, number] = PATH.exec(path) ?? [];
    if (name === undefined) response.writeHead(404).end();
    else if (name === 'order') show(response, await this.statusOf(Number(number)), `<p>Order ${number}</p>`);
    else if (request.method === 'GET')
      show(response, 'Your cart', '<form method="post"><button>Pay</button></form>');
    else response.writeHead(303, { location: await this.sell(Number(number), paymentMethod) }).end();
  }

  /** @returns where the buyer pays */
  private async sell(cart: number, paymentMethod: string): Promise<string> {
    const payment = { ...JSON.parse(paymentBody({ paymentMethod })), return_url: this.pageOf('order', cart) };
    const { body } = await this.api.post(JSON.stringify(payment));
    this.orders.set(cart, { paymentId: body.id, orderId: body.payment_orders[0].id });
    for (;;) {
      const { body: read } = await this.api.get(`/payments/${body.id}`);
      const { next_action: action } = read.payment_orders[0];
      if (action) return action.url;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Reads the payment, and believes nothing that the browser brings. */
  private async statusOf(cart: number): Promise<string> {
    const { body } = await this.api.get(`/payments/${this.orders.get(cart)?.paymentId}`);
    return TITLES[body.status] ?? 'Waiting for your payment';
  }
}

function show(response: ServerResponse, title: string, content: string): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(
    `<!doctype html><title>${title}</title><link rel="icon" href="data:,"><h1>${title}</h1>${content}`,
  );
}
