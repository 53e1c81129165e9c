import { SIMULATOR, SIMULATOR_2, type SimulatedPspName } from '../../domain/payment/payment-method.ts';
import { createSecretReader, createSecretsClient, type SecretReader } from '../secrets/secret-reader.ts';
import type { Psp } from './psp.ts';
import { simulatorKey, simulatorSigningSecret } from './simulator/api-keys.ts';
import { createPspSimulator } from './simulator/psp-simulator.ts';

export interface PspSettings {
  /** Undefined on a stage that takes real money. */
  readonly simulator: SimulatorSettings | undefined;
}

export interface SimulatorSettings {
  /** Each simulated PSP's address. */
  readonly urls: Readonly<Record<SimulatedPspName, string>>;
  /** The secret from which their API keys are derived. */
  readonly secret: SecretReader;
}

/** Undefined unless all variables are set; a stage that takes real money sets none. `now`: milliseconds since the epoch. */
export function simulatorSettingsOf(
  {
    PSP_SIMULATOR_URL: simulator,
    PSP_SIMULATOR_2_URL: simulator_2,
    PSP_SIMULATOR_SECRET_ARN: secretArn,
  }: SimulatorVariables,
  now: () => number,
): SimulatorSettings | undefined {
  if (simulator === undefined || simulator_2 === undefined || secretArn === undefined) return undefined;
  return {
    urls: { simulator, simulator_2 },
    secret: createSecretReader(createSecretsClient(), secretArn, now),
  };
}

/** As the functions' environment has them. */
interface SimulatorVariables {
  readonly PSP_SIMULATOR_URL?: string | undefined;
  readonly PSP_SIMULATOR_2_URL?: string | undefined;
  readonly PSP_SIMULATOR_SECRET_ARN?: string | undefined;
}

/** The PSP accounts of this stage by name. CONTRIBUTING.md lists all that a new PSP needs. */
export function createPsps({ simulator }: PspSettings): ReadonlyMap<string, Psp> {
  const psps =
    simulator === undefined ? [] : [simulated(SIMULATOR, simulator), simulated(SIMULATOR_2, simulator)];
  return new Map(psps.map((psp) => [psp.account, psp]));
}

/** Events signed with either version of the secret are accepted, so that the simulator's can be changed. */
const SIGNING_VERSIONS = [1, 2];

function simulated(account: SimulatedPspName, { urls, secret }: SimulatorSettings): Psp {
  const apiKey = {
    read: async () => simulatorKey(await secret.read(), account),
    refresh: async () => simulatorKey(await secret.refresh(), account),
  };
  const signing = (from: string) =>
    SIGNING_VERSIONS.map((version) => simulatorSigningSecret(from, account, version));
  const signingSecrets = {
    read: async () => signing(await secret.read()),
    refresh: async () => signing(await secret.refresh()),
  };
  return createPspSimulator({ account, url: urls[account], apiKey, signingSecrets });
}
