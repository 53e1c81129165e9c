import type { Psp } from './psp.ts';
import { createPspSimulator } from './simulator/psp-simulator.ts';

export interface PspSettings {
  /** Where the simulator listens; undefined on a stage that takes real money. */
  readonly simulatorUrl: string | undefined;
}

/** The simulator is no secret: its key only shows that a wrong key is refused as a real PSP would. */
const SIMULATOR_API_KEY = 'simulator-key';

/** The PSPs of this stage by name. A new PSP is one folder beside this file and one line here. */
export function createPsps(settings: PspSettings): ReadonlyMap<string, Psp> {
  const psps: Psp[] = [];
  if (settings.simulatorUrl !== undefined) {
    psps.push(createPspSimulator({ url: settings.simulatorUrl, apiKey: SIMULATOR_API_KEY }));
  }
  return new Map(psps.map((psp) => [psp.name, psp]));
}
