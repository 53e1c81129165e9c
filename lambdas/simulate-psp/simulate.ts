import type { Time } from '../../adapters/time.ts';
import { notProcessed } from '../../simulator/behaviours.ts';
import {
  bodyTooLarge,
  isCharge,
  MAX_BODY_BYTES,
  type PspRequest,
  servePspApi,
} from '../../simulator/psp-api.ts';
import { type Answer, apiError } from '../../simulator/reply.ts';
import type { SimulatedPsp } from '../../simulator/simulated-psp.ts';
import type { SwitchBoard } from '../../simulator/switches.ts';

/** One simulated PSP as a function serves it. */
export interface ServedPsp {
  readonly psp: SimulatedPsp;
  readonly switches: SwitchBoard;
}

/**
 * A call is answered later than this by nobody: the gateway has said 504 after 29 s, and gone. The function need not
 * stay either.
 */
export const SILENCE_MS = 30_000;

/** Said when nobody listens any more. */
const NO_ANSWER = apiError(504, 'no_answer', 'The PSP did not answer.');

/**
 * One call of the PSP's API, played as far as a function can: it waits until the charge has landed and until the
 * answer is due, also when the caller has gone. What can't be played is a connection that is refused: a PSP that is
 * down answers that nothing was processed, which leads its callers to the same.
 */
export async function simulate(served: ServedPsp, request: PspRequest, time: Time): Promise<Answer> {
  if (Buffer.byteLength(request.body) > MAX_BODY_BYTES) return bodyTooLarge;
  const arrival = await served.switches.read();
  // It never came: neither is it logged.
  if (time.now() < arrival.downUntil) return notProcessed();
  const landingDelayMs = isCharge(request) ? arrival.settings.landing_delay_ms : 0;
  const now = await wait(time, landingDelayMs);
  // At landing the switches may stand otherwise.
  const switches = landingDelayMs === 0 ? arrival : await served.switches.read();
  const reply = await servePspApi(served.psp, request, { now, switches });
  await wait(time, reply.kind === 'silence' ? SILENCE_MS : Math.min(reply.delayMs, SILENCE_MS));
  return reply.kind === 'silence' ? NO_ANSWER : reply;
}

/** @returns when it was over, in milliseconds since the epoch */
function wait(time: Time, milliseconds: number): Promise<number> {
  if (milliseconds === 0) return Promise.resolve(time.now());
  return new Promise((resolve) => {
    time.after(milliseconds, () => resolve(time.now()));
  });
}
