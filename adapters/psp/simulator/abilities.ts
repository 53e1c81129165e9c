import {
  EVERY_AMOUNT,
  type OperationAbilities,
  type PspAbilities,
} from '../../../domain/payment/psp-abilities.ts';

/** How the simulator carries out a charge; tests verify it with its record of calls and charges. */
export const SIMULATOR_CHARGE: OperationAbilities = {
  keyScopeIncludesCredential: false,
  deduplicatesByReference: false,
  keyLifetimeSeconds: 24 * 3600,
  lookUpLagSeconds: 1,
  maxInFlightSeconds: 2,
  invalidatesByKey: true,
  expiresByItself: true,
  replaysStoredServerErrors: false,
};

export const PSP_SIMULATOR_ABILITIES: PspAbilities = {
  operations: { charge: SIMULATOR_CHARGE },
  currencies: EVERY_AMOUNT,
};
