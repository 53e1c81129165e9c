import { join } from 'node:path';
import { Alarms } from './alarms/alarms.ts';
import type { ServiceMetrics } from './alarms/service-metrics.ts';
import { startApiGateway } from './api-gateway/start-api-gateway.ts';
import type { Clock } from './clock.ts';
import { type RunningEvents, serveEvents } from './event-source/serve-events.ts';
import type { ServiceRoles } from './iam/service-roles.ts';
import { AsyncInvocations } from './lambda/async-invocations.ts';
import { FailedInvocations } from './lambda/failed-invocations.ts';
import type { Functions } from './lambda/functions.ts';
import type { Readiness } from './readiness.ts';
import type { RequestObserver } from './service-request.ts';
import type { RunningSqs } from './sqs/start-sqs.ts';
import type { ApiResource, Deployment } from './template/resources.ts';

export interface ServeOptions {
  readonly deployment: Deployment;
  readonly sqs: RunningSqs;
  readonly functions: Functions;
  readonly roles: ServiceRoles;
  readonly clock: Clock;
  readonly measured: ServiceMetrics;
  readonly observer: RequestObserver;
  /** The runtime's data. */
  readonly directory: string;
  readonly readiness: Readiness;
  readonly apiPort: number;
  readonly accountId: string;
  readonly region: string;
}

export interface Serving {
  readonly events: RunningEvents;
  readonly alarms: Alarms;
  /** Ends in the API's stage. */
  readonly api: string;
}

/**
 * Starts everything that invokes functions: the queue's pollers, the schedules, the alarms and the API. Each checks the
 * function's own policy first.
 *
 * @param onStarted called with each part's stop function
 */
export async function serve(
  options: ServeOptions,
  onStarted: (close: () => void | Promise<void>) => void,
): Promise<Serving> {
  const { deployment, sqs, functions, roles, clock, observer, region } = options;
  const { mayInvoke } = roles;
  const invocations = acceptEvents(options);
  onStarted(() => invocations.close());
  const events = serveEvents(deployment, {
    engine: sqs.engine,
    functions,
    invocations,
    region,
    clock,
    observer,
    mayInvoke,
  });
  onStarted(events.close);
  const alarms = watch(options, invocations);
  onStarted(() => alarms.close());
  const gateway = await startGateway({
    ...options,
    api: deployment.api,
    port: options.apiPort,
    functions: () => functions,
  });
  onStarted(gateway.close);
  return { events, alarms, api: `${gateway.url}/${deployment.api.stage}` };
}

function acceptEvents(options: ServeOptions): AsyncInvocations {
  const { deployment, functions, roles, clock, measured, directory, readiness } = options;
  const failed = new FailedInvocations({
    directory: join(directory, 'logs'),
    readiness,
    maySend: roles.maySend,
    onSent: measured.messageSent,
  });
  return new AsyncInvocations({
    settings: deployment.asyncInvocations,
    hostOf: (arn) => functions.byArn(arn),
    clock,
    onFailed: failed.keep,
  });
}

function watch({ deployment, sqs, roles, ...options }: ServeOptions, invocations: AsyncInvocations): Alarms {
  const { clock, measured, directory, readiness, accountId, region } = options;
  const alarms = new Alarms({
    resources: deployment.alarms,
    metrics: measured.metrics,
    engine: sqs.engine,
    invoke: (functionArn, event) => void invocations.invoke(functionArn, event, 'cloudwatch'),
    clock,
    directory: join(directory, 'alarms'),
    readiness,
    accountId,
    region,
    mayInvoke: (functionArn, alarmArn) =>
      roles.mayInvoke('lambda.alarms.cloudwatch.amazonaws.com', functionArn, alarmArn),
    mayPublish: roles.mayPublish,
  });
  alarms.start();
  return alarms;
}

export interface GatewayOptions
  extends Pick<ServeOptions, 'roles' | 'clock' | 'measured' | 'observer' | 'accountId' | 'region'> {
  readonly api: ApiResource;
  readonly port: number;
  readonly functions: () => Functions;
}

/** An API, whose routes invoke only functions that permit it. */
export function startGateway({ functions, roles, measured, region, ...options }: GatewayOptions) {
  return startApiGateway({
    ...options,
    onAnswer: measured.answered,
    hostOf: (name) => functions().byName(name),
    mayInvoke: (functionArn, source) =>
      roles.mayInvoke(
        'apigateway.amazonaws.com',
        functionArn,
        `arn:aws:execute-api:${region}:${options.accountId}:${source}`,
      ),
  });
}
