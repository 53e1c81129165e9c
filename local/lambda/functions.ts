import { NO_AWS_FILES } from '../../adapters/shell-variables.ts';
import type { Invocation } from '../alarms/service-metrics.ts';
import type { RequestObserver, RunningService } from '../service-request.ts';
import type { Deployment } from '../template/resources.ts';
import { FunctionHost } from './function-host.ts';
import { type SimulatedPspUrls, withSimulatorUrls } from './psp-accounts.ts';

export interface FunctionsOptions {
  readonly deployment: Deployment;
  /** The local services' addresses, in the SDK's own variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** The values that no template can contain: the addresses of this machine's simulated PSPs. */
  readonly simulatorUrls: SimulatedPspUrls;
  readonly onLine: (line: string) => void;
  readonly observer: RequestObserver;
  readonly onInvocation: (invocation: Invocation) => void;
  /** Whether the function of this name may write its log. */
  readonly mayLog: (functionName: string) => boolean;
}

/** All functions of the templates, by name and by ARN. */
export class Functions {
  private readonly hosts = new Map<string, FunctionHost>();

  constructor(options: FunctionsOptions) {
    const { deployment, environment, simulatorUrls, onLine, observer, onInvocation } = options;
    for (const template of deployment.functions) {
      const resource = { ...template, environment: withSimulatorUrls(template.environment, simulatorUrls) };
      const source = deployment.eventSources.find(({ functionName }) => functionName === resource.name);
      const concurrency = source?.maxConcurrency;
      this.hosts.set(
        resource.name,
        new FunctionHost({
          resource,
          environment,
          concurrency,
          onLine,
          observer,
          onInvocation,
          mayLog: () => options.mayLog(resource.name),
        }),
      );
    }
  }

  byName(name: string): FunctionHost {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`the templates have no function ${name}`);
    return host;
  }

  /** With or without a version behind the name. */
  byArn(arn: string): FunctionHost {
    return this.byName(/function:([^:]+)/.exec(arn)?.[1] ?? arn);
  }

  /** Kills one environment of the function in the middle of an invocation; false when none is busy. */
  async kill(serviceName: string): Promise<boolean> {
    const host = [...this.hosts.values()].find(({ resource }) => resource.serviceName === serviceName);
    return host === undefined ? false : host.killOne();
  }

  async cpuMilliseconds(): Promise<Readonly<Record<string, number>>> {
    const hosts = [...this.hosts.values()];
    const entries = hosts.map(
      async (host) => [host.resource.serviceName, await host.cpuMilliseconds()] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  async close(): Promise<void> {
    await Promise.all([...this.hosts.values()].map((host) => host.close()));
  }
}

/** The services that functions call through the SDK. */
export type SdkServices = Readonly<
  Record<'sqs' | 'dynamodb' | 'rdsData' | 'secretsManager', Pick<RunningService, 'url'>>
>;

/** The local services' addresses in the AWS SDK's own variables: no handler contains anything local. */
export function sdkEnvironment(region: string, services: SdkServices): Readonly<Record<string, string>> {
  return {
    TZ: 'UTC',
    ...NO_AWS_FILES,
    AWS_REGION: region,
    AWS_ENDPOINT_URL_SQS: services.sqs.url,
    AWS_ENDPOINT_URL_DYNAMODB: services.dynamodb.url,
    AWS_ENDPOINT_URL_RDS_DATA: services.rdsData.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: services.secretsManager.url,
  };
}
