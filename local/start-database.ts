import { join } from 'node:path';
import type { Clock } from './clock.ts';
import type { ProvidedAccess } from './iam/provide-access.ts';
import type { Functions } from './lambda/functions.ts';
import { asLogLine } from './log-line.ts';
import type { Ports } from './ports.ts';
import { provideMaster } from './postgres/master.ts';
import type { RunningPostgres } from './postgres/start-postgres.ts';
import { type RunningRdsData, startRdsData } from './rds-data/start-rds-data.ts';
import { type RunningSecretsManager, startSecretsManager } from './secrets-manager/start-secrets-manager.ts';
import type { RequestObserver } from './service-request.ts';
import type { Deployment } from './template/resources.ts';

export interface DatabaseServicesOptions {
  readonly deployment: Deployment;
  readonly postgres: RunningPostgres;
  readonly iam: ProvidedAccess;
  readonly ports: Ports;
  readonly clock: Clock;
  readonly observer: RequestObserver;
  /** The runtime's data. */
  readonly directory: string;
  /** Called when a secret is rotated: the functions start after the services. */
  readonly functions: () => Functions;
  readonly onLine: (line: string) => void;
}

export interface DatabaseServices {
  readonly secretsManager: RunningSecretsManager;
  readonly rdsData: RunningRdsData;
}

/**
 * The cluster of the templates: its secrets, its master, and the Data API that logs in with them.
 *
 * @param onStarted called with each part's stop function
 */
export async function startDatabaseServices(
  options: DatabaseServicesOptions,
  onStarted: (close: () => Promise<void>) => void,
): Promise<DatabaseServices> {
  const { cluster } = options.deployment;
  const secretsManager = await startSecrets(options);
  onStarted(secretsManager.close);
  await provideMaster(options.postgres, secretsManager.mustLoginOf(cluster.secretArn));
  const rdsData = await startRdsData({
    port: options.ports.rdsData,
    clock: options.clock,
    cluster: {
      resourceArn: cluster.arn,
      host: options.postgres.host,
      port: options.postgres.port,
      defaultDatabase: cluster.database,
      secrets: { get: secretsManager.loginOf },
    },
    observer: options.observer,
    access: options.iam.access,
  });
  onStarted(rdsData.close);
  return { secretsManager, rdsData };
}

function startSecrets(options: DatabaseServicesOptions): Promise<RunningSecretsManager> {
  const { access, roles } = options.iam;
  return startSecretsManager({
    port: options.ports.secretsManager,
    directory: join(options.directory, 'secrets-manager'),
    clock: options.clock,
    secrets: options.deployment.secrets,
    invoke: async (functionArn, event) => {
      if (!roles.mayInvoke('secretsmanager.amazonaws.com', functionArn, event.SecretId)) {
        throw new Error('the function’s own policy does not let Secrets Manager invoke it');
      }
      return options.functions().byArn(functionArn).invoke(event, 'secretsmanager');
    },
    onRotationFailure: (name, reason) =>
      options.onLine(asLogLine('secretsmanager', `${name} was not rotated: ${reason}`)),
    observer: options.observer,
    access,
  });
}
