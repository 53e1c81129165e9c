import {
  EVERY_AMOUNT,
  type OperationAbilities,
  type PspAbilities,
} from '../../../domain/payment/psp-abilities.ts';

/** Barely more than the protocol asks of a key: an attempt or two later it is forgotten. */
export const SHORT_KEY_SECONDS = 180;

/** Some retries later, what the buyer approved has lapsed. */
const SEND_WITHIN_SECONDS = 600;

/** Every combination of abilities that an adapter can declare, in turn by the seed. */
export function abilitiesOf(seed: number): OperationAbilities {
  const bit = (place: number) => ((seed >>> place) & 1) === 1;
  return {
    keyLifetimeSeconds: bit(0) ? null : bit(6) ? SHORT_KEY_SECONDS : 24 * 3600,
    lookUpLagSeconds: bit(1) && bit(4) ? null : 30,
    maxInFlightSeconds: 30,
    invalidatesByKey: bit(2),
    expiresByItself: bit(8),
    replaysStoredServerErrors: bit(3),
    keyScopeIncludesCredential: seed % 5 === 0,
    deduplicatesByReference: false,
    ...(seed % 7 === 0 ? { sendWithinSeconds: SEND_WITHIN_SECONDS } : {}),
  };
}

/** What a PSP declares that carries out charges and authorizations alike. */
export function allOf(abilities: OperationAbilities, callsPerSecond?: number): PspAbilities {
  const operations = { charge: abilities, authorize: abilities };
  return {
    operations,
    currencies: EVERY_AMOUNT,
    ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
  };
}
