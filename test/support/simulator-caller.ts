import * as z from 'zod';
import { SIMULATOR_KEY } from './simulator-keys.ts';

export const shownCharge = z.looseObject({
  id: z.string(),
  status: z.string(),
  redirect_url: z.string().optional(),
});
export type ShownCharge = z.output<typeof shownCharge>;

export interface RawAnswer {
  readonly status: number;
  readonly body: unknown;
}

let serial = 0;

/** A caller of a simulated PSP's API, without an adapter in between. */
export class SimulatorCaller {
  private readonly url: string;
  private readonly apiKey: string;

  /** @param apiKey unless it is the key of the first PSP in the tests that start one */
  constructor(url: string, apiKey: string = SIMULATOR_KEY) {
    this.url = url;
    this.apiKey = apiKey;
  }

  /** Sends a charge of its own reference and key. */
  async charge(paymentMethod: string, more: object = {}): Promise<ShownCharge> {
    serial += 1;
    const reference = `ord_caller_${process.pid}_${serial}`;
    const answer = await this.send(reference, { payment_method: paymentMethod, ...more });
    return shownCharge.parse(answer.body);
  }

  /** The key is made of the reference. */
  send(reference: string, more: object): Promise<RawAnswer> {
    const body = { reference, amount: 15000, currency: 'KRW', payment_method: 'sim_ok', ...more };
    return this.post('/v1/charges', body, { 'idempotency-key': `key_of_${reference}` });
  }

  async statusOf({ id }: Pick<ShownCharge, 'id'>): Promise<string> {
    return shownCharge.parse((await this.get(`/v1/charges/${id}`)).body).status;
  }

  confirm({ id }: Pick<ShownCharge, 'id'>): Promise<RawAnswer> {
    return this.post(`/v1/charges/${id}/confirm`, undefined);
  }

  invalidate({ id }: Pick<ShownCharge, 'id'>): Promise<RawAnswer> {
    return this.post(`/v1/charges/${id}/invalidate`, undefined);
  }

  get(path: string): Promise<RawAnswer> {
    return this.call(path, {});
  }

  private post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<RawAnswer> {
    return this.call(path, {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  private async call(path: string, init: RequestInit): Promise<RawAnswer> {
    const headers = { authorization: `Bearer ${this.apiKey}`, ...init.headers };
    const response = await fetch(this.url + path, { ...init, headers });
    return { status: response.status, body: await response.json() };
  }
}

/** A buyer at the payment page, with no browser but a pair of requests. */
export class Buyer {
  private readonly pageUrl: string;

  constructor({ redirect_url }: Pick<ShownCharge, 'redirect_url'>) {
    if (redirect_url === undefined) throw new Error('the charge names no page');
    this.pageUrl = redirect_url;
  }

  open(): Promise<Response> {
    return fetch(this.pageUrl, { redirect: 'manual' });
  }

  /** As the form of the page sends it. */
  async act(action: string): Promise<Response> {
    return this.submit(action, await this.token());
  }

  async token(): Promise<string> {
    const token = /name="token" value="([^"]+)"/.exec(await (await this.open()).text())?.[1];
    if (token === undefined) throw new Error('the page has no form');
    return token;
  }

  submit(action: string, token: string): Promise<Response> {
    return fetch(this.pageUrl, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ action, token }),
    });
  }
}
