import type { PspAbilities } from '../../domain/payment/psp-abilities.ts';
import type { PspAdapter } from './adapter-names.ts';
import { PSP_SIMULATOR_ABILITIES } from './simulator/abilities.ts';

/** Apart from the adapters' code, for a function that calls no PSP. */
export const ABILITIES: Readonly<Record<PspAdapter, PspAbilities>> = { simulator: PSP_SIMULATOR_ABILITIES };
