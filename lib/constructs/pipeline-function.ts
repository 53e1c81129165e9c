import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { dutyOf } from '../../adapters/database/set-up/logins.ts';
import { acknowledge, OF_FUNCTIONS, OF_TRACED_ROLE } from '../acknowledgements.ts';
import type { FunctionContext } from '../function-context.ts';
import { runStatements } from '../grants.ts';
import { serviceForAccount, writeLog } from '../policy-statements.ts';
import { bundledCode, type Copied } from './bundling.ts';
import { DATABASE_NAME } from './payment-database.ts';

/** The project's folder, or `dist` within the package. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface PipelineFunctionProps extends FunctionContext {
  /** The folder in `lambdas/`. */
  readonly folder: string;
  readonly description: string;
  readonly timeout: Duration;
  readonly memorySize: number;
  /** In addition to what the function's database login needs. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Everything that the function may do, besides writing its own log and running statements with its login. */
  readonly grants?: readonly PolicyStatement[];
  /** Copied beside the bundle, e.g. the migrations. */
  readonly copied?: Copied;
}

/** One function of the pipeline: Node 24 on arm64, bundled whole, with a role and a log group of its own. */
export class PipelineFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    const logGroup = logGroupOf(scope, id, props);
    super(scope, id, {
      code: codeOf(props),
      handler: 'index.handler',
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memorySize,
      environment: {
        STAGE: props.config.name,
        POWERTOOLS_SERVICE_NAME: props.folder,
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...databaseEnvironment(props),
        ...props.environment,
      },
      role: roleOf(scope, id, logGroup, [...databaseGrants(props), ...(props.grants ?? [])]),
      logGroup,
      loggingFormat: LoggingFormat.TEXT,
      // The CDK adds the grant; Lambda itself sends the traces.
      tracing: Tracing.ACTIVE,
      // Where money moves, an operator can go back to last week's version.
      currentVersionOptions: {
        removalPolicy: props.config.takesRealMoney ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      },
    });
    acknowledge(this, OF_FUNCTIONS);
  }
}

/** The database's address, and the function's login. */
function databaseEnvironment({ folder, data }: PipelineFunctionProps): Readonly<Record<string, string>> {
  const duty = dutyOf(folder);
  if (duty === undefined) return {};
  return {
    DATABASE_CLUSTER_ARN: data.database.clusterArn,
    DATABASE_SECRET_ARN: data.database.logins.secretOf(duty).secretArn,
    DATABASE_NAME,
  };
}

function databaseGrants({ folder, data }: PipelineFunctionProps): readonly PolicyStatement[] {
  const duty = dutyOf(folder);
  return duty === undefined ? [] : runStatements(data, duty);
}

/** The package contains the bundled functions, without their sources and without esbuild. */
function codeOf({ folder, copied }: PipelineFunctionProps): Code {
  const packed = `${ROOT}functions/${folder}`;
  if (existsSync(packed)) return Code.fromAsset(packed);
  return bundledCode({ entry: `${ROOT}lambdas/${folder}/handler.ts`, copied });
}

function logGroupOf(scope: Construct, id: string, { config, data }: FunctionContext): LogGroup {
  const removalPolicy = config.deletionProtection ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  return new LogGroup(scope, `${id}Log`, {
    encryptionKey: data.key,
    retention: config.logRetention,
    removalPolicy,
  });
}

function roleOf(scope: Construct, id: string, logGroup: LogGroup, grants: readonly PolicyStatement[]): Role {
  const role = new Role(scope, `${id}Role`, { assumedBy: serviceForAccount(scope, 'lambda') });
  for (const grant of [writeLog(logGroup), ...grants]) role.addToPolicy(grant);
  acknowledge(role, OF_TRACED_ROLE);
  return role;
}
