import { Pool } from 'undici';
import * as z from 'zod';
import { SIMULATED_PSPS } from '../domain/payment/payment-method.ts';
import type { Endpoints } from '../local/endpoints.ts';

/** Sellers that the load is spread over. */
const SELLERS = 20;

export function paymentBody(run: string, number: number): string {
  return JSON.stringify({
    merchant_reference: `${run}-${number}`,
    buyer_id: 'buyer-1',
    payment_method: 'sim_ok',
    payment_orders: [{ amount: 1_000 + number, currency: 'USD', seller_id: `seller-${number % SELLERS}` }],
  });
}

const acceptedSchema = z.object({ payment_orders: z.tuple([z.object({ id: z.string() })]) });

/** @returns the order's id */
export async function payOnce({ api, apiKey }: Endpoints, run: string, number: number): Promise<string> {
  const response = await fetch(`${api}/payments`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': `${run}-${number}`,
    },
    body: paymentBody(run, number),
  });
  if (response.status !== 202)
    throw new Error(`payment ${number}: ${response.status} ${await response.text()}`);
  return acceptedSchema.parse(await response.json()).payment_orders[0].id;
}

/** The simulated PSPs send no events: what is measured is the payments alone. */
export async function withoutEvents({ psp }: Pick<Endpoints, 'psp'>): Promise<void> {
  for (const name of SIMULATED_PSPS) {
    const change = { psp: name, webhook_url: null };
    const response = await fetch(`${psp}/control`, { method: 'POST', body: JSON.stringify(change) });
    if (!response.ok) throw new Error(`the simulator refuses to be silent: ${await response.text()}`);
  }
}

const listSchema = z.object({ data: z.array(z.unknown()) });
const TERMINAL_POLL_MS = 20;

/** Resolves when no payment is open. */
export async function settle({ api, apiKey }: Endpoints): Promise<void> {
  for (const status of ['NOT_STARTED', 'EXECUTING']) {
    for (;;) {
      const response = await fetch(`${api}/payments?limit=1&status=${status}`, {
        headers: { authorization: `Bearer ${apiKey}` },
      });
      if (listSchema.parse(await response.json()).data.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, TERMINAL_POLL_MS));
    }
  }
}

export interface LoadResult {
  /** Milliseconds of each answer, ascending. */
  readonly latencies: readonly number[];
}

/** Posts payments as fast as they are accepted, over a number of connections. */
export async function postPayments(
  api: string,
  apiKey: string,
  payments: number,
  connections: number,
): Promise<LoadResult> {
  const url = new URL(`${api}/payments`);
  const pool = new Pool(url.origin, { connections });
  const run = `run-${Date.now()}`;
  const latencies: number[] = [];
  let next = 0;
  const client = async () => {
    while (next < payments) {
      next += 1;
      const number = next;
      const startedAt = performance.now();
      const { statusCode, body } = await pool.request({
        path: url.pathname,
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': `${run}-${number}`,
        },
        body: paymentBody(run, number),
      });
      const text = await body.text();
      if (statusCode !== 202) throw new Error(`payment ${number}: ${statusCode} ${text}`);
      latencies.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  await pool.close();
  return { latencies: latencies.toSorted((one, other) => one - other) };
}
