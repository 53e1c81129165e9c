import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { SIMULATOR } from '../domain/payment/payment-method.ts';
import type { ServiceMetrics } from './alarms/service-metrics.ts';
import type { Clock } from './clock.ts';
import type { ServiceRoles } from './iam/service-roles.ts';
import type { Functions } from './lambda/functions.ts';
import { pspAccountsIn, type SimulatedPspUrls } from './lambda/psp-accounts.ts';
import type { Ports } from './ports.ts';
import { startPspSimulator } from './psp-simulator/psp-simulator.ts';
import { startGateway } from './serve.ts';
import type { RequestObserver } from './service-request.ts';
import type { Deployment } from './template/resources.ts';

/**
 * What simulates the PSPs here: either this machine's own servers, whose connections can be refused and cut, in place of
 * the simulator's stack; or that stack with its API, functions and table.
 */
export const PSP_HOSTS = ['local', 'deployed'] as const;
export type PspHost = (typeof PSP_HOSTS)[number];

export interface PspsOptions {
  readonly host: PspHost;
  readonly deployment: Deployment;
  /** The runtime's data. */
  readonly directory: string;
  readonly ports: Ports;
  readonly clock: Clock;
  /** A secret's value. */
  readonly secretOf: (arn: string) => string | undefined;
  /** Called at the first request, not earlier. */
  readonly functions: () => Functions;
  readonly roles: ServiceRoles;
  readonly observer: RequestObserver;
  readonly measured: ServiceMetrics;
  readonly accountId: string;
  readonly region: string;
}

export interface RunningPsps {
  /** No slash at its end. */
  readonly controlUrl: string;
  /** The PSPs' addresses by account, which no template can contain. */
  readonly urls: SimulatedPspUrls;
  /** The secret from which their keys are derived; a stage that takes real money has none. */
  readonly secretArn: string | undefined;
  /** Points the PSPs' events at the API, where it isn't so by deployment. */
  sendEventsTo(apiUrl: string): void;
}

/** Thrown at start for a stage that has no simulator's stack to run. */
export class NoSimulatorStackError extends Error {
  override readonly name = 'NoSimulatorStackError';
}

/**
 * @param onStarted called with the function that stops them
 * @throws NoSimulatorStackError, PortTakenError
 */
export async function startPsps(
  options: PspsOptions,
  onStarted: (close: () => Promise<void>) => void,
): Promise<RunningPsps> {
  const secretArn = secretArnIn(options.deployment);
  const started = options.host === 'local' ? await startOwn(options, secretArn) : await startStack(options);
  onStarted(started.close);
  const { controlUrl, urls, sendEventsTo } = started;
  return { controlUrl, urls, secretArn, sendEventsTo };
}

async function startOwn({ directory, ports, clock, secretOf }: PspsOptions, secretArn: string | undefined) {
  // Without a stack no function knows the keys, so there are no calls.
  const nobodys = randomUUID();
  return startPspSimulator({
    directory: join(directory, 'psp'),
    secret: () => (secretArn === undefined ? nobodys : (secretOf(secretArn) ?? nobodys)),
    controlPort: ports.psp,
    listenerPort: ports.pspListener,
    secondListenerPort: ports.pspListener2,
    clock,
  });
}

async function startStack({ deployment, ports, ...options }: PspsOptions) {
  const { simulatorApi: api } = deployment;
  if (api === undefined) {
    throw new NoSimulatorStackError(
      'This stage has no simulated PSPs to run: start it without --psp deployed.',
    );
  }
  const { url, close } = await startGateway({ api, port: ports.pspListener, ...options });
  const controlUrl = `${url}/${api.stage}`;
  return {
    controlUrl,
    urls: { simulator: `${controlUrl}/simulator`, simulator_2: `${controlUrl}/simulator_2` },
    // A deployed simulator sends to https addresses only.
    sendEventsTo: () => {},
    close,
  };
}

/** As in the executor's environment: both PSPs' keys are derived from one secret. */
function secretArnIn({ functions }: Deployment): string | undefined {
  return functions
    .flatMap(({ environment }) => pspAccountsIn(environment))
    .find(({ name }) => name === SIMULATOR)?.secret_arn;
}
