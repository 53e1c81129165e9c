import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { LocalApiKeys } from './api-keys.ts';
import type { RunningPostgres } from './postgres/start-postgres.ts';
import type { RunningPsps } from './psps.ts';
import type { RunningService } from './service-request.ts';
import type { Deployment } from './template/resources.ts';

/** The addresses of everything once the runtime is ready; also in `endpoints.json` in the data directory. */
export interface Endpoints {
  /** Ends in `/v1`. */
  readonly api: string;
  readonly apiKey: string;
  /** Of another merchant. */
  readonly secondApiKey: string;
  /** The PSP simulator's control address. */
  readonly psp: string;
  /** The secret from which the PSPs' keys are derived; a stage that takes real money has none. */
  readonly pspSecretArn: string | undefined;
  readonly sqs: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly dynamodb: string;
  readonly consumedTable: string;
  readonly rdsData: string;
  /** With the secret of the cluster's master, which may create tables and roles. */
  readonly rdsDataResource: { readonly resourceArn: string; readonly secretArn: string };
  readonly secretsManager: string;
  /** The ARN of each login's secret, by the login's initial name: `oncepay_operate`. */
  readonly loginSecretArns: Readonly<Record<string, string>>;
  /** Its name. */
  readonly database: string;
  /** The stage's settings that operators' commands need. */
  readonly settings: {
    readonly takesRealMoney: boolean;
    readonly authorizerCacheSeconds: number;
    readonly restoreEpoch: string;
    readonly retention: unknown;
    /** Only if the database can pause. */
    readonly activityTable: string | null;
  };
  /** A connection URL. */
  readonly postgres: string;
  /** The runtime's own control address: request counts, CPU time, killing a function. */
  readonly runtime: string;
}

function fileIn(directory: string): string {
  return join(directory, 'endpoints.json');
}

export function removeEndpoints(directory: string): void {
  rmSync(fileIn(directory), { force: true });
}

/** Written to a temporary file and renamed, so that a reader never sees part of it. It contains keys, so only its owner may read it. */
export function writeEndpoints(directory: string, endpoints: Endpoints): void {
  const file = fileIn(directory);
  writeFileSync(`${file}.new`, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The running parts whose addresses are listed. */
interface Started {
  readonly gateway: string;
  readonly control: string;
  readonly keys: LocalApiKeys;
  readonly deployment: Deployment;
  readonly sqs: RunningService;
  readonly dynamodb: RunningService;
  readonly rdsData: RunningService;
  readonly secretsManager: RunningService;
  readonly postgres: RunningPostgres;
  readonly psp: RunningPsps;
}

export function endpointsOf(started: Started): Endpoints {
  const { deployment, sqs } = started;
  const execute = deployment.functions.find(({ serviceName }) => serviceName === 'execute-instructions');
  const variables = execute?.environment ?? {};
  return {
    api: started.gateway,
    apiKey: started.keys.apiKey,
    secondApiKey: started.keys.secondApiKey,
    psp: started.psp.controlUrl,
    pspSecretArn: started.psp.secretArn,
    sqs: sqs.url,
    queueUrl: variables.QUEUE_URL ?? '',
    deadLetterQueueUrl: variables.DEAD_LETTER_QUEUE_URL ?? '',
    dynamodb: started.dynamodb.url,
    consumedTable: variables.CONSUMED_TABLE_NAME ?? '',
    rdsData: started.rdsData.url,
    rdsDataResource: { resourceArn: deployment.cluster.arn, secretArn: deployment.cluster.secretArn },
    secretsManager: started.secretsManager.url,
    loginSecretArns: loginSecretArns(deployment),
    database: started.postgres.database,
    settings: settingsOf(deployment),
    postgres: started.postgres.url,
    runtime: started.control,
  };
}

function settingsOf({ functions, api }: Deployment): Endpoints['settings'] {
  const [authorizer] = api.authorizers.values();
  const variables = Object.assign({}, ...functions.map(({ environment }) => environment));
  return {
    takesRealMoney: variables.TAKES_REAL_MONEY === 'true',
    authorizerCacheSeconds: authorizer?.cacheSeconds ?? 0,
    restoreEpoch: variables.RESTORE_EPOCH ?? '',
    retention: JSON.parse(variables.RETENTION_DAYS ?? 'null'),
    activityTable: variables.ACTIVITY_TABLE_NAME ?? null,
  };
}

const loginSchema = z.object({ username: z.string() });

function loginSecretArns({ secrets, cluster }: Deployment): Readonly<Record<string, string>> {
  return Object.fromEntries(
    secrets.flatMap(({ arn, generate }) => {
      const login = loginSchema.safeParse(JSON.parse(generate.template ?? 'null'));
      return login.success && arn !== cluster.secretArn ? [[login.data.username, arn]] : [];
    }),
  );
}
