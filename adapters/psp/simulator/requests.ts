import type { HttpCall } from '../http-exchange.ts';
import type { ChargeRequest, PspRequest } from '../psp.ts';
import type { Period } from '../psp-movement.ts';

const JSON_BODY = { 'content-type': 'application/json' };

/**
 * The HTTP call of a request, by its version. The bytes of a version never change: attempts before and after a deployment
 * must be the same request to the PSP. A change is a new version beside the old one.
 *
 * @returns undefined for an operation or a version that this adapter doesn't know
 */
export function callOf(request: PspRequest): HttpCall | undefined {
  if (request.operation !== 'charge' || request.requestVersion !== 1) return undefined;
  return request.pspReference === undefined ? chargeCall(request) : confirmation(request.pspReference);
}

function chargeCall(request: ChargeRequest): HttpCall {
  const headers = { ...JSON_BODY, 'idempotency-key': request.idempotencyKey };
  return { method: 'POST', path: '/v1/charges', headers, body: bodyOf(request) };
}

/** Charges what the buyer has approved. A repeat changes nothing, so it needs no key. */
function confirmation(id: string): HttpCall {
  return { method: 'POST', path: `/v1/charges/${encodeURIComponent(id)}/confirm`, headers: {} };
}

/** The amount is a JSON number, which is exact: it is at most 2^53-1. */
function bodyOf(request: ChargeRequest): string {
  return JSON.stringify({
    reference: request.reference,
    amount: Number(request.amountMinor),
    currency: request.currency,
    payment_method: request.paymentMethod,
    ...(request.returnUrl === undefined ? {} : { return_url: request.returnUrl }),
  });
}

export function lookUpCall({ pspReference, reference, idempotencyKey }: PspRequest): HttpCall {
  if (pspReference !== undefined) {
    return { method: 'GET', path: `/v1/charges/${encodeURIComponent(pspReference)}`, headers: {} };
  }
  const query = new URLSearchParams({ reference, idempotency_key: idempotencyKey });
  return { method: 'GET', path: `/v1/charges?${query}`, headers: {} };
}

export function invalidationCall({ reference, idempotencyKey }: PspRequest): HttpCall {
  const body = JSON.stringify({ reference, idempotency_key: idempotencyKey });
  return { method: 'POST', path: '/v1/invalidations', headers: JSON_BODY, body };
}

/** As many as the PSP lists in one page. */
const ENTRIES_PER_PAGE = '100';

export function entriesCall({ from, to }: Period, cursor: string | undefined): HttpCall {
  const query = new URLSearchParams({
    created_from: from.toISOString(),
    created_to: to.toISOString(),
    limit: ENTRIES_PER_PAGE,
    ...(cursor === undefined ? {} : { cursor }),
  });
  return { method: 'GET', path: `/v1/entries?${query}`, headers: {} };
}
