import { randomUUID } from 'node:crypto';
import type { Endpoints } from '../../local/endpoints.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly body: any;
}

export interface PaymentOptions {
  readonly paymentMethod?: string;
  readonly reference?: string;
  readonly orders?: readonly object[];
  readonly key?: string;
}

/** A merchant's client of the running API. */
export class ApiClient {
  readonly endpoints: Endpoints;
  readonly apiKey: string;

  constructor(endpoints: Endpoints, apiKey = endpoints.apiKey) {
    this.endpoints = endpoints;
    this.apiKey = apiKey;
  }

  async request(
    method: string,
    path: string,
    init: { headers?: Record<string, string>; body?: string | Buffer } = {},
  ): Promise<ApiAnswer> {
    const response = await fetch(`${this.endpoints.api}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.apiKey}`, ...init.headers },
      ...(init.body === undefined ? {} : { body: init.body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: jsonOf(text) };
  }

  get(path: string): Promise<ApiAnswer> {
    return this.request('GET', path);
  }

  post(body: string | Buffer, key: string = randomUUID()): Promise<ApiAnswer> {
    return this.request('POST', '/payments', {
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body,
    });
  }

  pay(options: PaymentOptions = {}): Promise<ApiAnswer> {
    return this.post(paymentBody(options), options.key);
  }

  /** Resolves once the payment has this status; the caller's test has the time-out. */
  async settled(
    paymentId: string,
    statuses: readonly string[] = ['SUCCESS', 'PARTIAL_SUCCESS', 'FAILED'],
  ): Promise<ApiAnswer['body']> {
    for (;;) {
      const { body } = await this.get(`/payments/${paymentId}`);
      if (statuses.includes(body.status)) return body;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** How many charges the PSP simulator has for an order, or in all. */
  async charges(reference?: string): Promise<number> {
    const query = reference === undefined ? '' : `?reference=${reference}`;
    const response = await fetch(`${this.endpoints.psp}/charges${query}`);
    const { total } = jsonOf(await response.text());
    return total;
  }
}

export function paymentBody(options: PaymentOptions = {}): string {
  return JSON.stringify({
    merchant_reference: options.reference ?? randomUUID(),
    buyer_id: 'buyer-1',
    payment_method: options.paymentMethod ?? 'sim_ok',
    payment_orders: options.orders ?? [{ amount: 15_000, currency: 'KRW', seller_id: 'seller-1' }],
  });
}

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
function jsonOf(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
