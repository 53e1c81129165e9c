import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { readBody, send, targetOf } from './http.ts';
import type { Landings } from './landings.ts';
import { apiError, type Reply } from './reply.ts';
import type { SimulatedPsp } from './simulated-psp.ts';

/** A silent connection is cut after this: four times the longest that a caller of a PSP waits, and no leak. */
const SILENCE_MS = 60_000;

/** What one PSP's API is served with. */
export interface ServedPsp {
  readonly psp: SimulatedPsp;
  readonly landings: Landings;
  readonly clock: Clock;
}

/** The PSP's API over HTTP: `POST /v1/charges`, `GET /v1/charges`, `POST /v1/cancellations`. */
export async function servePspApi(
  { psp, landings, clock }: ServedPsp,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  // A request that broke off never arrived as a whole: a real PSP hasn't read it either.
  if (body.kind === 'broken_off') return;
  if (body.kind === 'too_large') {
    deliver(apiError(413, 'body_too_large', 'The body is too large.'), clock, response);
    return;
  }
  const delayMs = isCharge(request) ? psp.controls.current.landing_delay_ms : 0;
  await landings.after(delayMs, () => deliver(route(psp, request, body.text), clock, response));
}

function isCharge(request: IncomingMessage): boolean {
  return request.method === 'POST' && targetOf(request).pathname === '/v1/charges';
}

function route(psp: SimulatedPsp, request: IncomingMessage, body: string): Reply {
  const url = targetOf(request);
  const key = request.headers['idempotency-key'];
  const call = {
    authorization: request.headers.authorization,
    idempotencyKey: typeof key === 'string' ? key : undefined,
  };
  if (url.pathname === '/v1/charges') {
    if (request.method === 'POST') return psp.charge(call, body);
    if (request.method === 'GET') return psp.lookUp(call, url.searchParams);
  }
  if (url.pathname === '/v1/cancellations' && request.method === 'POST') return psp.cancel(call, body);
  return apiError(404, 'no_such_resource', `There is no ${request.method} ${url.pathname}.`);
}

/** Answers now, late or never. A caller that hangs up first ends the wait. */
function deliver(reply: Reply, clock: Clock, response: ServerResponse): void {
  if (response.destroyed) return;
  if (reply.kind === 'answer' && reply.delayMs === 0) {
    send(response, reply);
    return;
  }
  const cancel =
    reply.kind === 'silence'
      ? clock.after(SILENCE_MS, () => response.destroy())
      : clock.after(reply.delayMs, () => send(response, reply));
  response.once('close', cancel);
}
