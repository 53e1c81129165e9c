import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import {
  type SimulatorEndpoint,
  simulatorKey,
  simulatorSigningSecret,
} from '../adapters/psp/simulator/api-keys.ts';
import type { SimulatedPspName } from '../domain/payment/payment-method.ts';
import { CliError, EXIT } from './errors.ts';

/** The control address of the simulated PSPs, local or of a deployed stage. */
export interface Simulator {
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  /** The key of one of their endpoints. */
  keyOf(endpoint: SimulatorEndpoint): Promise<string>;
  /** The secret that signs a PSP's events. */
  signingSecretOf(psp: SimulatedPspName, version: number): Promise<string>;
}

export interface SimulatorPlace {
  /** Without a slash at its end. */
  readonly url: string;
  /** The secret from which the keys are derived. */
  readonly secretArn: string;
}

const errorSchema = z.object({ error: z.object({ message: z.string() }) });

/** @param locate called when a command first needs it: most never do */
export function connectSimulator(
  locate: () => Promise<SimulatorPlace>,
  client: SecretsManagerClient,
): Simulator {
  let locating: Promise<SimulatorPlace> | undefined;
  const place = () => {
    locating ??= locate();
    return locating;
  };
  const secret = async () => readSecret(client, (await place()).secretArn);
  const keyOf = async (endpoint: SimulatorEndpoint) => simulatorKey(await secret(), endpoint);
  const ask = async (path: string, init: RequestInit = {}) => {
    const { url } = await place();
    const authorization = `Bearer ${await keyOf('control')}`;
    return read(url + path, { ...init, headers: { authorization, 'content-type': 'application/json' } });
  };
  return {
    keyOf,
    signingSecretOf: async (psp, version) => simulatorSigningSecret(await secret(), psp, version),
    get: (path) => ask(path),
    post: (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body) }),
  };
}

/** @throws CliError if the address doesn't answer or refuses the request */
async function read(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, init).catch((cause: unknown) => {
    throw new CliError(`The PSP simulator doesn't answer at ${url}.`, EXIT.unreachable, { cause });
  });
  const content: unknown = await response.json().catch(() => undefined);
  if (response.ok) return content;
  const said = errorSchema.safeParse(content).data?.error.message ?? `HTTP ${response.status}`;
  const exitCode = response.status === 400 ? EXIT.usage : EXIT.refused;
  throw new CliError(`The PSP simulator refused: ${said}`, exitCode);
}

async function readSecret(client: SecretsManagerClient, SecretId: string): Promise<string> {
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
    return SecretString ?? '';
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`The PSP simulator's secret can't be read: ${reason}`, EXIT.unreachable, { cause });
  }
}
