import { SIMULATOR, SIMULATOR_2, type SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { Psp } from './psp.ts';
import { createPspSimulator } from './simulator/psp-simulator.ts';

export interface PspSettings {
  /** Where the simulated PSPs listen; undefined on a stage that takes real money. */
  readonly simulatorUrl: string | undefined;
  readonly secondSimulatorUrl: string | undefined;
}

/** The simulators are no secret: a key of its own for each only shows that a wrong one is refused, as everywhere. */
const SIMULATOR_API_KEYS = { [SIMULATOR]: 'simulator-key', [SIMULATOR_2]: 'simulator-2-key' } as const;

/** The PSPs of this stage by name. A new PSP is one folder beside this file and one line here. */
export function createPsps(settings: PspSettings): ReadonlyMap<string, Psp> {
  const psps = [
    ...simulated(SIMULATOR, settings.simulatorUrl),
    ...simulated(SIMULATOR_2, settings.secondSimulatorUrl),
  ];
  return new Map(psps.map((psp) => [psp.name, psp]));
}

function simulated(name: SimulatedPspName, url: string | undefined): readonly Psp[] {
  return url === undefined ? [] : [createPspSimulator({ name, url, apiKey: SIMULATOR_API_KEYS[name] })];
}
