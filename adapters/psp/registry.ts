import { SIMULATOR, SIMULATOR_2 } from '../../domain/payment/payment-method.ts';
import type { Psp } from './psp.ts';
import { createPspSimulator } from './simulator/psp-simulator.ts';

export interface PspSettings {
  /** Where the simulated PSPs listen; undefined on a stage that takes real money. */
  readonly simulatorUrl: string | undefined;
  readonly secondSimulatorUrl: string | undefined;
}

/** The simulator is no secret: its key only shows that a wrong key is refused as a real PSP would. */
const SIMULATOR_API_KEY = 'simulator-key';

/** The PSPs of this stage by name. A new PSP is one folder beside this file and one line here. */
export function createPsps(settings: PspSettings): ReadonlyMap<string, Psp> {
  const psps: Psp[] = [];
  if (settings.simulatorUrl !== undefined) {
    psps.push(createPspSimulator({ name: SIMULATOR, url: settings.simulatorUrl, apiKey: SIMULATOR_API_KEY }));
  }
  if (settings.secondSimulatorUrl !== undefined) {
    psps.push(
      createPspSimulator({ name: SIMULATOR_2, url: settings.secondSimulatorUrl, apiKey: SIMULATOR_API_KEY }),
    );
  }
  return new Map(psps.map((psp) => [psp.name, psp]));
}
