import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyTooLarge, isCharge, type PspRequest, servePspApi } from '../../simulator/psp-api.ts';
import type { Reply } from '../../simulator/reply.ts';
import type { SimulatedPsp } from '../../simulator/simulated-psp.ts';
import type { Clock } from '../clock.ts';
import { readBody, send, targetOf } from './http.ts';
import type { Landings } from './landings.ts';
import type { LocalSwitches } from './local-switches.ts';

/** A silent connection is cut after this time, four times the longest wait of a PSP's caller, so that none leaks. */
const SILENCE_MS = 60_000;

/** What serving one PSP's API needs. */
export interface ServedPsp {
  readonly psp: SimulatedPsp;
  readonly switches: LocalSwitches;
  readonly landings: Landings;
  readonly clock: Clock;
}

/** The PSP's API over HTTP. */
export async function servePsp(
  { psp, switches, landings, clock }: ServedPsp,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(message);
  // An aborted request never arrived completely: a real PSP would not have read it either.
  if (body.kind === 'broken_off') return;
  if (body.kind === 'too_large') {
    deliver(bodyTooLarge, clock, response);
    return;
  }
  const request = requestOf(message, body.text);
  const delayMs = isCharge(request) ? switches.current.settings.landing_delay_ms : 0;
  const reply = await landings.after(delayMs, () => {
    return servePspApi(psp, request, { now: clock.now(), switches: switches.current });
  });
  deliver(reply, clock, response);
}

function requestOf(message: IncomingMessage, body: string): PspRequest {
  const url = targetOf(message);
  const key = message.headers['idempotency-key'];
  return {
    method: message.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    authorization: message.headers.authorization,
    idempotencyKey: typeof key === 'string' ? key : undefined,
    body,
  };
}

/** Answers immediately, late or never. A caller that hangs up ends the wait. */
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
