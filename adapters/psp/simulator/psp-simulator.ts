import { SIMULATOR, type SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { PspAbilities } from '../../../domain/payment/psp-outcome.ts';
import { createHttpExchange, type HttpExchange } from '../http-exchange.ts';
import { createKeyedExchange, fixedKey, type PspKey } from '../keyed-exchange.ts';
import type { ChargeRequest, Psp } from '../psp.ts';
import { classifyCharge, classifyInvalidation, classifyLookUp } from './classify.ts';

export interface PspSimulatorSettings {
  /** `simulator` by default. */
  readonly name?: SimulatedPspName;
  /** The simulator's address, without the API's path. */
  readonly url: string;
  readonly apiKey: string | PspKey;
  /** The abilities that the simulator's switches have changed. */
  readonly abilities?: PspAbilities;
  /** Milliseconds since the epoch: a PSP's Retry-After may be a date. */
  readonly now?: () => number;
}

/** The simulator's abilities; tests verify them with its record of calls and charges. */
export const PSP_SIMULATOR_ABILITIES: PspAbilities = {
  keyLifetimeSeconds: 24 * 3600,
  lookUpLagSeconds: 1,
  maxInFlightSeconds: 2,
  invalidatesByKey: true,
  replaysStoredServerErrors: false,
};

const JSON_BODY = { 'content-type': 'application/json' };

/** The adapter of the PSP simulator, whose API is like most real ones: JSON, a bearer key, an idempotency key. */
export function createPspSimulator(settings: PspSimulatorSettings): Psp {
  const { name = SIMULATOR, url, apiKey, abilities = PSP_SIMULATOR_ABILITIES, now = Date.now } = settings;
  const exchange = createKeyedExchange(
    createHttpExchange(url),
    typeof apiKey === 'string' ? fixedKey(apiKey) : apiKey,
    (key) => ({ authorization: `Bearer ${key}` }),
    isKeyRefused,
  );
  return {
    name,
    abilities,
    async charge(request, signal) {
      const headers = { ...JSON_BODY, 'idempotency-key': request.idempotencyKey };
      const send = { method: 'POST', path: '/v1/charges', headers, body: bodyOf(request) } as const;
      return classifyCharge(await exchange(send, signal), now());
    },
    async lookUp(request, signal) {
      const query = new URLSearchParams({
        reference: request.reference,
        idempotency_key: request.idempotencyKey,
      });
      const ask = { method: 'GET', path: `/v1/charges?${query}`, headers: {} } as const;
      return classifyLookUp(await exchange(ask, signal), now());
    },
    async invalidate(request, signal) {
      const body = JSON.stringify({ reference: request.reference, idempotency_key: request.idempotencyKey });
      const invalidation = { method: 'POST', path: '/v1/invalidations', headers: JSON_BODY, body } as const;
      return classifyInvalidation(await exchange(invalidation, signal), request.idempotencyKey, now());
    },
  };
}

function isKeyRefused(answer: HttpExchange): boolean {
  return answer.kind === 'answered' && (answer.status === 401 || answer.status === 403);
}

/** The amount is a JSON number, which is exact: it is at most 2^53-1. */
function bodyOf(request: ChargeRequest): string {
  return JSON.stringify({
    reference: request.reference,
    amount: Number(request.amountMinor),
    currency: request.currency,
    payment_method: request.paymentMethod,
  });
}
