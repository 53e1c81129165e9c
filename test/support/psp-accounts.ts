import type { PspAccount, Psps, PspsOptions } from '../../adapters/psp/psps.ts';
import { createPsps } from '../../adapters/psp/psps.ts';
import type { CachedSecret } from '../../adapters/secrets/secret-reader.ts';
import { systemTime } from '../../adapters/time.ts';
import type { SimulatorInTest } from './simulator.ts';

/** A secret whose value a test sets. */
export class SecretInTest implements CachedSecret {
  text: string;
  private version = 1;

  constructor(text: string) {
    this.text = text;
  }

  rotateTo(text: string): void {
    this.text = text;
    this.version += 1;
  }

  async read() {
    return { text: this.text, versionId: `v${this.version}` };
  }

  refresh() {
    return this.read();
  }
}

/** The accounts of both simulated PSPs, whose credentials are derived from this secret. */
export function accountsAt(simulator: SimulatorInTest, secret: CachedSecret): readonly PspAccount[] {
  return [
    { name: 'simulator', adapter: 'simulator', url: simulator.listenerUrl, secret },
    { name: 'simulator_2', adapter: 'simulator', url: simulator.secondListenerUrl, secret },
  ];
}

export function pspsOf(accounts: readonly PspAccount[], options: Partial<PspsOptions> = {}): Psps {
  return createPsps({ accounts, time: systemTime, deadlineMs: 5_000, warn: () => {}, ...options });
}
