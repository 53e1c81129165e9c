import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { RDSDataClient } from '@aws-sdk/client-rds-data';
import { SecretsManagerClient, type SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { connectDatabase } from '../adapters/database/connect.ts';
import { createRdsDataClient } from '../adapters/database/data-api-database.ts';
import { whenAwake } from '../adapters/database/data-api-transaction.ts';
import type { Database } from '../adapters/database/database.ts';
import type { RetentionDays } from '../adapters/database/statements/purge-expired.ts';
import { type Activity, alwaysActive, createActivity } from '../adapters/dynamodb/activity.ts';
import { forgetShellVariables } from '../adapters/shell-variables.ts';
import { createDeadLetterQueue, type DeadLetterQueue } from '../adapters/sqs/dead-letter-queue.ts';
import { STAGES } from '../domain/stage.ts';
import { CliError, EXIT } from './errors.ts';
import { originOf } from './origin.ts';
import { connectSimulator, type Simulator, type SimulatorPlace } from './simulator.ts';

export interface TargetOptions {
  /** A deployed stage; by default the local runtime. */
  readonly stage?: string | undefined;
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  /** The prefix of its stack names: the construct's `stackPrefix`. */
  readonly prefix?: string | undefined;
  /** The local runtime's data folder. */
  readonly data: string;
}

/** A running pipeline, local or on AWS, with the same clients. */
export interface Pipeline {
  readonly isLocal: boolean;
  readonly database: Database;
  readonly dynamodb: DynamoDBClient;
  readonly consumedTable: string;
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly deadLetters: DeadLetterQueue;
  /** Touched before work that only the relay sends: otherwise the relay would not look while the database is paused. */
  readonly activity: Pick<Activity, 'touch'>;
  /** The simulated PSPs' control address; undefined with real money. */
  readonly simulator: Simulator | undefined;
  readonly settings: StageSettings;
  /** The operator's origin, for the operation log. */
  origin(): Promise<string>;
}

/** The deployed settings that commands need. */
export interface StageSettings {
  /** Without a slash at its end. */
  readonly apiUrl: string;
  readonly takesRealMoney: boolean;
  /** How long a revoked key may still work. */
  readonly authorizerCacheSeconds: number;
  readonly restoreEpoch: string;
  readonly retention: RetentionDays;
  /** Only if the database can pause. */
  readonly activityTable: string | null;
}

interface Names {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly consumedTable: string;
  readonly clusterArn: string;
  readonly secretArn: string;
  readonly database: string;
}

const retentionSchema = z
  .object({ buyer_data: z.number(), evidence: z.number(), operation_log: z.number() })
  .transform(({ buyer_data, evidence, operation_log }) => ({
    buyerData: buyer_data,
    evidence,
    operationLog: operation_log,
  }));

const endpointsSchema = z.object({
  api: z.string(),
  settings: z.object({
    takesRealMoney: z.boolean(),
    authorizerCacheSeconds: z.number(),
    restoreEpoch: z.string(),
    retention: retentionSchema,
    activityTable: z.nullable(z.string()),
  }),
  psp: z.string(),
  pspSecretArn: z.string().optional(),
  secretsManager: z.string(),
  sqs: z.string(),
  queueUrl: z.string(),
  deadLetterQueueUrl: z.string(),
  dynamodb: z.string(),
  consumedTable: z.string(),
  rdsData: z.string(),
  rdsDataResource: z.object({ resourceArn: z.string() }),
  loginSecretArns: z.object({ oncepay_operate: z.string() }),
  database: z.string(),
});

/** @throws CliError with the exit code 3 if no pipeline runs there */
export async function connect(options: TargetOptions): Promise<Pipeline> {
  if (options.stage !== undefined) return connectStage(stageNamed(options.stage), options);
  const ofAStage = (['profile', 'region', 'prefix'] as const).find((name) => options[name] !== undefined);
  if (ofAStage === undefined) return connectLocal(options.data);
  throw new CliError(`--${ofAStage} is for a deployed stage: name it with --stage.`, EXIT.usage);
}

function stageNamed(stage: string): string {
  if (STAGES.some((known) => known === stage)) return stage;
  throw new CliError(`There is no stage ${stage}; there are ${STAGES.join(', ')}.`, EXIT.usage);
}

function connectLocal(directory: string): Promise<Pipeline> {
  // Ignores the shell's settings for AWS accounts and proxies.
  forgetShellVariables(process.env);
  const endpoints = readEndpoints(directory);
  const common = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'oncepay-cli', secretAccessKey: 'local' },
  };
  return assemble(
    {
      queueUrl: endpoints.queueUrl,
      deadLetterQueueUrl: endpoints.deadLetterQueueUrl,
      consumedTable: endpoints.consumedTable,
      clusterArn: endpoints.rdsDataResource.resourceArn,
      secretArn: endpoints.loginSecretArns.oncepay_operate,
      database: endpoints.database,
    },
    {
      sqs: new SQSClient({ ...common, endpoint: endpoints.sqs }),
      dynamodb: new DynamoDBClient({ ...common, endpoint: endpoints.dynamodb }),
      rdsData: createRdsDataClient({ ...common, endpoint: endpoints.rdsData }),
    },
    { apiUrl: endpoints.api, ...endpoints.settings },
    {
      isLocal: true,
      simulator: localSimulator(endpoints, common),
      origin: () => originOf(undefined),
    },
  );
}

/** A runtime of a stage that takes real money has none either. */
function localSimulator(
  { psp: url, pspSecretArn: secretArn, secretsManager: endpoint }: z.infer<typeof endpointsSchema>,
  common: SecretsManagerClientConfig,
): Simulator | undefined {
  if (secretArn === undefined) return undefined;
  return connectSimulator(
    async () => ({ url, secretArn }),
    new SecretsManagerClient({ ...common, endpoint }),
  );
}

function readEndpoints(directory: string): z.infer<typeof endpointsSchema> {
  const file = join(directory, 'endpoints.json');
  try {
    return endpointsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new CliError(
      `No local runtime is ready there: ${file} can't be read. Start one with npm start, name its folder with --data, or a deployed stage with --stage.`,
      EXIT.unreachable,
      { cause },
    );
  }
}

async function connectStage(stage: string, options: TargetOptions): Promise<Pipeline> {
  const common = {
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
  };
  const cloudFormation = new CloudFormationClient(common);
  const stacks = `${options.prefix ?? 'Oncepay'}-${stage}`;
  const outputs = await readOutputs(`${stacks}-Pipeline`, cloudFormation);
  const output = (name: string): string => {
    const value = outputs.get(name);
    if (value !== undefined) return value;
    throw new CliError(
      `The stack of ${stage} has no output ${name}: deploy this version first.`,
      EXIT.unreachable,
    );
  };
  const takesRealMoney = output('TakesRealMoney') === 'true';
  return assemble(
    {
      queueUrl: output('QueueUrl'),
      deadLetterQueueUrl: output('DeadLetterQueueUrl'),
      consumedTable: output('ConsumedTableName'),
      clusterArn: output('DatabaseClusterArn'),
      secretArn: output('DatabaseSecretArn'),
      database: output('DatabaseName'),
    },
    {
      sqs: new SQSClient(common),
      dynamodb: new DynamoDBClient(common),
      rdsData: createRdsDataClient(common),
    },
    {
      apiUrl: output('ApiUrl').replace(/\/$/, ''),
      takesRealMoney,
      authorizerCacheSeconds: Number(output('AuthorizerCacheSeconds')),
      restoreEpoch: output('RestoreEpoch'),
      retention: retentionSchema.parse(JSON.parse(output('RetentionDays'))),
      activityTable: outputs.get('ActivityTableName') ?? null,
    },
    {
      isLocal: false,
      simulator: takesRealMoney
        ? undefined
        : connectSimulator(() => locateSimulator(stacks, cloudFormation), new SecretsManagerClient(common)),
      origin: () => originOf(common),
    },
  );
}

async function locateSimulator(stacks: string, client: CloudFormationClient): Promise<SimulatorPlace> {
  const StackName = `${stacks}-Simulator`;
  const outputs = await readOutputs(StackName, client);
  const url = outputs.get('ControlUrl')?.replace(/\/$/, '');
  const secretArn = outputs.get('SecretArn');
  if (url !== undefined && secretArn !== undefined) return { url, secretArn };
  throw new CliError(`The stack ${StackName} has no outputs: deploy it again.`, EXIT.unreachable);
}

async function readOutputs(
  StackName: string,
  client: CloudFormationClient,
): Promise<ReadonlyMap<string, string>> {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }));
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return new Map(outputs.map(({ OutputKey, OutputValue }) => [OutputKey ?? '', OutputValue ?? '']));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`The stack ${StackName} can't be read: ${reason}`, EXIT.unreachable, { cause });
  }
}

async function assemble(
  names: Names,
  clients: {
    readonly sqs: SQSClient;
    readonly dynamodb: DynamoDBClient;
    readonly rdsData: RDSDataClient;
  },
  settings: StageSettings,
  place: Pick<Pipeline, 'isLocal' | 'simulator' | 'origin'>,
): Promise<Pipeline> {
  const { sqs, dynamodb, rdsData } = clients;
  await Promise.all([assertAnswers(sqs, names.queueUrl), assertAnswers(sqs, names.deadLetterQueueUrl)]);
  return {
    database: awake(
      connectDatabase(
        {
          DATABASE_CLUSTER_ARN: names.clusterArn,
          DATABASE_SECRET_ARN: names.secretArn,
          DATABASE_NAME: names.database,
        },
        { client: rdsData },
      ),
    ),
    dynamodb,
    consumedTable: names.consumedTable,
    sqs,
    queueUrl: names.queueUrl,
    deadLetters: createDeadLetterQueue({
      client: sqs,
      url: names.deadLetterQueueUrl,
      mainUrl: names.queueUrl,
    }),
    activity:
      settings.activityTable === null
        ? alwaysActive
        : createActivity(dynamodb, settings.activityTable, Date.now),
    settings,
    ...place,
  };
}

/** The first statement resumes a paused database: a command waits for that instead of failing. */
function awake(database: Database): Database {
  return { execute: (sql, input) => whenAwake(() => database.execute(sql, input), sleep) };
}

/** @throws CliError with the exit code 3 if the queue can't be reached */
async function assertAnswers(sqs: SQSClient, QueueUrl: string): Promise<void> {
  try {
    await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`The queue ${QueueUrl} doesn't answer: ${reason}`, EXIT.unreachable, { cause });
  }
}
