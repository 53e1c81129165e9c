import type { Moment } from './charges.ts';
import { apiError, type Reply } from './reply.ts';
import type { SimulatedPsp } from './simulated-psp.ts';

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

const CONFIRMATION = /^\/v1\/charges\/([^/]+)\/confirm$/;
const INVALIDATION = /^\/v1\/charges\/([^/]+)\/invalidate$/;
const CHARGE = /^\/v1\/charges\/([^/]+)$/;
const PAGE = /^\/pay\/([^/]+)$/;

/** Whether `landing_delay_ms` applies. */
export function isCharge({ method, path }: Pick<PspRequest, 'method' | 'path'>): boolean {
  return method === 'POST' && (path === '/v1/charges' || CONFIRMATION.test(path));
}

/** Whether it is a buyer's request, which has no API key. */
export function isOfPage({ path }: Pick<PspRequest, 'path'>): boolean {
  return PAGE.test(path);
}

/** The PSP's API and its payment page. */
export async function servePspApi(psp: SimulatedPsp, request: PspRequest, moment: Moment): Promise<Reply> {
  switch (`${request.method} ${request.path}`) {
    case 'POST /v1/charges':
      return psp.charge(request, request.body, moment);
    case 'GET /v1/charges':
      return psp.lookUp(request, request.query, moment);
    case 'GET /v1/entries':
      return psp.listEntries(request, request.query, moment);
    case 'POST /v1/invalidations':
      return psp.invalidate(request, request.body, moment);
    default:
      return serveCharge(psp, request, moment);
  }
}

async function serveCharge(psp: SimulatedPsp, request: PspRequest, moment: Moment): Promise<Reply> {
  const { method, path } = request;
  const id = (pattern: RegExp) => pattern.exec(path)?.[1] ?? '';
  if (method === 'GET' && CHARGE.test(path)) return psp.show(request, id(CHARGE), moment);
  if (method === 'POST' && CONFIRMATION.test(path)) return psp.confirm(request, id(CONFIRMATION), moment);
  if (method === 'POST' && INVALIDATION.test(path)) {
    return psp.invalidateCharge(request, id(INVALIDATION), moment);
  }
  if (method === 'GET' && PAGE.test(path)) return psp.page.show(id(PAGE), request.query, moment);
  if (method === 'POST' && PAGE.test(path)) return psp.page.act(id(PAGE), request.body, moment);
  return apiError(404, 'no_such_resource', `There is no ${method} ${path}.`);
}
