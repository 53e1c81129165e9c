import { apiError, type Reply } from './reply.ts';
import type { Moment, SimulatedPsp } from './simulated-psp.ts';

/** Far above any charge or change of the switches. */
export const MAX_BODY_BYTES = 64 * 1024;

export const bodyTooLarge = apiError(413, 'body_too_large', 'The body is too large.');

/** A request as the PSP reads it, from any host. */
export interface PspRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly body: string;
}

/** Delays charges only. */
export function isCharge({ method, path }: Pick<PspRequest, 'method' | 'path'>): boolean {
  return method === 'POST' && path === '/v1/charges';
}

/** The PSP's API: `POST /v1/charges`, `GET /v1/charges`, `POST /v1/invalidations`. */
export async function servePspApi(psp: SimulatedPsp, request: PspRequest, moment: Moment): Promise<Reply> {
  switch (`${request.method} ${request.path}`) {
    case 'POST /v1/charges':
      return psp.charge(request, request.body, moment);
    case 'GET /v1/charges':
      return psp.lookUp(request, request.query, moment);
    case 'POST /v1/invalidations':
      return psp.invalidate(request, request.body, moment);
    default:
      return apiError(404, 'no_such_resource', `There is no ${request.method} ${request.path}.`);
  }
}
