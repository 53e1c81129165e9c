import * as z from 'zod';
import type { Assembly, Resource, Stack, TemplateValue } from './assembly.ts';
import { INERT_RESOURCES } from './inert-resources.ts';
import { type Identity, Resolver } from './resolver.ts';

/** A queue as the template has it. */
export interface QueueResource {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** As `CreateQueue` takes them. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TableResource {
  readonly logicalId: string;
  readonly name: string;
  readonly keySchema: readonly { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' }[];
  readonly attributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: 'S' | 'N' | 'B';
  }[];
}

export interface FunctionResource {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** The folder in `lambdas/`, which is also its service name in the logs. */
  readonly serviceName: string;
  readonly directory: string;
  /** `file.export`. */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly reservedConcurrency: number | undefined;
}

export interface EventSourceResource {
  readonly queueArn: string;
  readonly functionName: string;
  readonly batchSize: number;
  readonly maxConcurrency: number;
  readonly reportsItemFailures: boolean;
}

export interface ScheduleResource {
  readonly logicalId: string;
  readonly periodMilliseconds: number;
  readonly functionArns: readonly string[];
}

export interface RouteResource {
  readonly method: string;
  /** `/payments/{payment_id}`. */
  readonly path: string;
  readonly functionName: string;
  readonly timeoutMilliseconds: number;
  readonly authorizerId: string | undefined;
}

export interface AuthorizerResource {
  readonly id: string;
  readonly functionName: string;
  /** Names of headers, in lower case. */
  readonly identityHeaders: readonly string[];
  readonly cacheSeconds: number;
}

export interface GatewayResponseResource {
  readonly type: string;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly template: string | undefined;
}

export interface ApiResource {
  readonly id: string;
  readonly stage: string;
  readonly rateLimit: number | undefined;
  readonly burstLimit: number | undefined;
  readonly routes: readonly RouteResource[];
  readonly authorizers: ReadonlyMap<string, AuthorizerResource>;
  readonly responses: ReadonlyMap<string, GatewayResponseResource>;
}

/** Everything in the templates that runs. */
export interface Deployment {
  readonly queues: readonly QueueResource[];
  readonly tables: readonly TableResource[];
  readonly functions: readonly FunctionResource[];
  readonly eventSources: readonly EventSourceResource[];
  readonly schedules: readonly ScheduleResource[];
  readonly api: ApiResource;
  readonly cluster: { readonly arn: string; readonly secretArn: string; readonly database: string };
  /** Functions to invoke before anything serves, in order. */
  readonly triggers: readonly string[];
}

/** Thrown at start, naming stack, logical id and type. */
export class UnknownResourceError extends Error {
  override readonly name = 'UnknownResourceError';
}

export interface DeploymentOptions {
  readonly accountId: string;
  readonly region: string;
  /** Where clients find a queue of this name. */
  readonly queueUrl: (name: string) => string;
}

const IMPLEMENTED: ReadonlySet<string> = new Set([
  'AWS::ApiGateway::Authorizer',
  'AWS::ApiGateway::GatewayResponse',
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Resource',
  'AWS::ApiGateway::RestApi',
  'AWS::ApiGateway::Stage',
  'AWS::DynamoDB::GlobalTable',
  'AWS::Events::Rule',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Version',
  'AWS::RDS::DBCluster',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
  'Custom::Trigger',
]);

/** The functions that carry out custom resources; what they would do at a deployment is done at every start. */
const TRIGGER_PROVIDER = 'CustomTriggerCustomResourceProvider';

/** @throws UnknownResourceError, UnresolvableError */
export function readDeployment(assembly: Assembly, options: DeploymentOptions): Deployment {
  assertKnown(assembly);
  return new DeploymentReader(assembly, options).read();
}

export function assertKnown(assembly: Assembly): void {
  for (const stack of assembly.stacks) {
    for (const [logicalId, { Type }] of Object.entries(stack.template.Resources)) {
      if (IMPLEMENTED.has(Type) || INERT_RESOURCES.has(Type)) continue;
      throw new UnknownResourceError(
        `${stack.name}: ${logicalId} is of type ${Type}, which the local runtime neither runs nor knows to be without effect here. Implement it in local/template/deployment.ts, or give the reason in inert-resources.ts.`,
      );
    }
  }
}

interface Found {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly properties: Readonly<Record<string, TemplateValue>>;
}

class DeploymentReader {
  private readonly assembly: Assembly;
  private readonly options: DeploymentOptions;
  private readonly resolver: Resolver;

  constructor(assembly: Assembly, options: DeploymentOptions) {
    this.assembly = assembly;
    this.options = options;
    this.resolver = new Resolver({
      stacks: assembly.stacks,
      accountId: options.accountId,
      region: options.region,
      identityOf: (stack, logicalId, resource) => this.identityOf(stack, logicalId, resource),
    });
  }

  read(): Deployment {
    return {
      queues: this.all('AWS::SQS::Queue', queueProperties, (properties, found) => ({
        logicalId: found.logicalId,
        name: this.queueName(found.stack, found.logicalId),
        arn: this.arn('sqs', this.queueName(found.stack, found.logicalId)),
        attributes: attributesOf(properties),
      })),
      tables: this.all('AWS::DynamoDB::GlobalTable', tableProperties, (properties, found) => ({
        logicalId: found.logicalId,
        name: this.physicalName(found.stack, found.logicalId),
        keySchema: properties.KeySchema,
        attributeDefinitions: properties.AttributeDefinitions,
      })),
      functions: this.functions(),
      eventSources: this.eventSources(),
      schedules: this.schedules(),
      api: this.api(),
      cluster: this.cluster(),
      triggers: this.all('Custom::Trigger', triggerProperties, ({ HandlerArn }) => HandlerArn),
    };
  }

  private functions(): readonly FunctionResource[] {
    return this.all('AWS::Lambda::Function', functionProperties, (properties, { stack, logicalId }) => {
      if (logicalId.includes(TRIGGER_PROVIDER) || logicalId.startsWith('AWSCDKTrigger')) return undefined;
      const directory = this.assembly.assetDirectory(properties.Code.S3Key);
      if (directory === undefined) {
        throw new UnknownResourceError(
          `${stack.name}: ${logicalId} has no bundle ${properties.Code.S3Key} in the assembly.`,
        );
      }
      const environment = properties.Environment?.Variables ?? {};
      return {
        logicalId,
        name: this.physicalName(stack, logicalId),
        arn: this.functionArn(stack, logicalId),
        serviceName: environment.POWERTOOLS_SERVICE_NAME ?? logicalId,
        directory,
        handler: properties.Handler,
        timeoutSeconds: properties.Timeout,
        memoryMegabytes: properties.MemorySize,
        environment,
        reservedConcurrency: properties.ReservedConcurrentExecutions,
      };
    }).filter((found) => found !== undefined);
  }

  private eventSources(): readonly EventSourceResource[] {
    return this.all('AWS::Lambda::EventSourceMapping', eventSourceProperties, (properties) => ({
      queueArn: properties.EventSourceArn,
      functionName: properties.FunctionName,
      batchSize: properties.BatchSize,
      maxConcurrency: properties.ScalingConfig?.MaximumConcurrency ?? 5,
      reportsItemFailures: (properties.FunctionResponseTypes ?? []).includes('ReportBatchItemFailures'),
    }));
  }

  private schedules(): readonly ScheduleResource[] {
    return this.all('AWS::Events::Rule', ruleProperties, (properties, { stack, logicalId }) => {
      const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(properties.ScheduleExpression) ?? [];
      if (count === undefined || unit === undefined) {
        throw new UnknownResourceError(
          `${stack.name}: ${logicalId} has the schedule ${properties.ScheduleExpression}; only rate(…) is done here.`,
        );
      }
      const milliseconds = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[unit] ?? 0;
      return {
        logicalId,
        periodMilliseconds: Number(count) * milliseconds,
        functionArns: properties.Targets.map((target) => target.Arn),
      };
    });
  }

  private api(): ApiResource {
    const [api] = this.all('AWS::ApiGateway::RestApi', z.object({}), (_properties, found) => found);
    const [stage] = this.all('AWS::ApiGateway::Stage', stageProperties, (properties) => properties);
    if (api === undefined || stage === undefined)
      throw new UnknownResourceError('The templates hold no REST API.');
    const settings = stage.MethodSettings?.[0];
    const authorizers = this.all(
      'AWS::ApiGateway::Authorizer',
      authorizerProperties,
      (properties, found) => ({
        id: found.logicalId,
        functionName: functionInUri(properties.AuthorizerUri),
        identityHeaders: properties.IdentitySource.split(',').map(headerName),
        cacheSeconds: properties.AuthorizerResultTtlInSeconds,
      }),
    );
    const responses = this.all('AWS::ApiGateway::GatewayResponse', responseProperties, (properties) => ({
      type: properties.ResponseType,
      status: properties.StatusCode === undefined ? undefined : Number(properties.StatusCode),
      headers: properties.ResponseParameters ?? {},
      template: properties.ResponseTemplates?.['application/json'],
    }));
    return {
      id: api.logicalId,
      stage: stage.StageName,
      rateLimit: settings?.ThrottlingRateLimit,
      burstLimit: settings?.ThrottlingBurstLimit,
      routes: this.routes(),
      authorizers: new Map(authorizers.map((authorizer) => [authorizer.id, authorizer])),
      responses: new Map(responses.map((response) => [response.type, response])),
    };
  }

  private routes(): readonly RouteResource[] {
    const parents = new Map(
      this.all(
        'AWS::ApiGateway::Resource',
        pathProperties,
        (properties, found) => [found.logicalId, properties] as const,
      ),
    );
    const pathOf = (id: string): string => {
      const resource = parents.get(id);
      return resource === undefined ? '' : `${pathOf(resource.ParentId)}/${resource.PathPart}`;
    };
    return this.all('AWS::ApiGateway::Method', methodProperties, (properties) => ({
      method: properties.HttpMethod,
      path: pathOf(properties.ResourceId) || '/',
      functionName: functionInUri(properties.Integration.Uri),
      timeoutMilliseconds: properties.Integration.TimeoutInMillis ?? 29_000,
      authorizerId: properties.AuthorizationType === 'NONE' ? undefined : properties.AuthorizerId,
    }));
  }

  private cluster(): Deployment['cluster'] {
    const [cluster] = this.all('AWS::RDS::DBCluster', clusterProperties, (properties, found) => ({
      arn: this.clusterArn(found.logicalId),
      database: properties.DatabaseName,
    }));
    const [secretArn] = this.all('AWS::SecretsManager::Secret', z.object({}), (_properties, found) =>
      this.secretArn(found.stack, found.logicalId),
    );
    if (cluster === undefined || secretArn === undefined) {
      throw new UnknownResourceError('The templates hold no database cluster with a secret.');
    }
    return { ...cluster, secretArn };
  }

  /** Resources of one type, their properties resolved and parsed. */
  private all<Properties, Read>(
    type: string,
    schema: z.ZodType<Properties>,
    read: (properties: Properties, found: Found) => Read,
  ): readonly Read[] {
    return this.assembly.stacks.flatMap((stack) =>
      Object.entries(stack.template.Resources)
        .filter(([, resource]) => resource.Type === type)
        .map(([logicalId, { Properties: properties }]) => {
          const wanted = keysOf(schema, properties);
          const resolved = this.resolver.resolve(stack, wanted);
          return read(schema.parse(resolved), { stack, logicalId, properties });
        }),
    );
  }

  private identityOf(stack: Stack, logicalId: string, resource: Resource): Identity | undefined {
    switch (resource.Type) {
      case 'AWS::SQS::Queue': {
        const name = this.queueName(stack, logicalId);
        return {
          ref: this.options.queueUrl(name),
          attributes: { Arn: this.arn('sqs', name), QueueName: name },
        };
      }
      case 'AWS::DynamoDB::GlobalTable': {
        const name = this.physicalName(stack, logicalId);
        return { ref: name, attributes: { Arn: this.arn('dynamodb', `table/${name}`) } };
      }
      case 'AWS::Lambda::Function':
        return {
          ref: this.physicalName(stack, logicalId),
          attributes: { Arn: this.functionArn(stack, logicalId) },
        };
      case 'AWS::Lambda::Version': {
        const name = String(this.resolver.resolve(stack, resource.Properties.FunctionName ?? ''));
        return { ref: `${this.arn('lambda', `function:${name}`)}:1`, attributes: {} };
      }
      case 'AWS::RDS::DBCluster':
        return { ref: logicalId, attributes: { DBClusterArn: this.clusterArn(logicalId) } };
      case 'AWS::SecretsManager::Secret':
        return { ref: this.secretArn(stack, logicalId), attributes: {} };
      case 'AWS::SecretsManager::SecretTargetAttachment':
        return {
          ref: String(this.resolver.resolve(stack, resource.Properties.SecretId ?? '')),
          attributes: {},
        };
      case 'AWS::ApiGateway::RestApi':
        return { ref: logicalId, attributes: { RootResourceId: 'root' } };
      default:
        return { ref: logicalId, attributes: {} };
    }
  }

  private arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.options.region}:${this.options.accountId}:${resource}`;
  }

  private functionArn(stack: Stack, logicalId: string): string {
    return this.arn('lambda', `function:${this.physicalName(stack, logicalId)}`);
  }

  private clusterArn(logicalId: string): string {
    return this.arn('rds', `cluster:${logicalId}`);
  }

  private secretArn(stack: Stack, logicalId: string): string {
    return this.arn('secretsmanager', `secret:${this.physicalName(stack, logicalId)}`);
  }

  /** CloudFormation adds random letters; the logical id is enough where there is one account. */
  private physicalName(stack: Stack, logicalId: string): string {
    return `${stack.name}-${logicalId}`.slice(0, 64);
  }

  private queueName(stack: Stack, logicalId: string): string {
    return `${this.physicalName(stack, logicalId)}.fifo`;
  }
}

/** Only what is used is resolved: a property that refers to something inert need not be known. */
function keysOf(schema: z.ZodType, properties: Readonly<Record<string, TemplateValue>>): TemplateValue {
  if (!(schema instanceof z.ZodObject)) return properties;
  const names = Object.keys(schema.shape);
  return Object.fromEntries(
    names.flatMap((name) => (properties[name] === undefined ? [] : [[name, properties[name]]])),
  );
}

function attributesOf(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name === 'ReceiveMessageWaitTime' ? 'ReceiveMessageWaitTimeSeconds' : name,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}

function headerName(source: string): string {
  return source.replace(/^method\.request\.header\./, '').toLowerCase();
}

/** `arn:…:lambda:path/2015-03-31/functions/<function arn>/invocations`. */
function functionInUri(uri: string): string {
  const name = /function:([^/]+)\/invocations$/.exec(uri)?.[1];
  if (name === undefined) throw new UnknownResourceError(`${uri} names no function.`);
  return name;
}

const queueProperties = z.object({
  FifoQueue: z.boolean().optional(),
  ContentBasedDeduplication: z.boolean().optional(),
  DeduplicationScope: z.string().optional(),
  FifoThroughputLimit: z.string().optional(),
  VisibilityTimeout: z.number().optional(),
  MessageRetentionPeriod: z.number().optional(),
  SqsManagedSseEnabled: z.boolean().optional(),
  RedrivePolicy: z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number() }).optional(),
});
const tableProperties = z.object({
  KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })),
  AttributeDefinitions: z.array(
    z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
});
const functionProperties = z.object({
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Timeout: z.number().default(3),
  MemorySize: z.number().default(128),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }).optional(),
  ReservedConcurrentExecutions: z.number().optional(),
});
const eventSourceProperties = z.object({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  BatchSize: z.number().default(10),
  ScalingConfig: z.object({ MaximumConcurrency: z.number() }).optional(),
  FunctionResponseTypes: z.array(z.string()).optional(),
});
const ruleProperties = z.object({
  ScheduleExpression: z.string(),
  Targets: z.array(z.object({ Arn: z.string() })),
});
const stageProperties = z.object({
  StageName: z.string(),
  MethodSettings: z
    .array(
      z.object({ ThrottlingRateLimit: z.number().optional(), ThrottlingBurstLimit: z.number().optional() }),
    )
    .optional(),
});
const authorizerProperties = z.object({
  AuthorizerUri: z.string(),
  IdentitySource: z.string(),
  AuthorizerResultTtlInSeconds: z.number().default(300),
  Type: z.literal('REQUEST'),
});
const responseProperties = z.object({
  ResponseType: z.string(),
  StatusCode: z.string().optional(),
  ResponseParameters: z.record(z.string(), z.string()).optional(),
  ResponseTemplates: z.record(z.string(), z.string()).optional(),
});
const pathProperties = z.object({ ParentId: z.string(), PathPart: z.string() });
const methodProperties = z.object({
  HttpMethod: z.string(),
  ResourceId: z.string(),
  AuthorizationType: z.string(),
  AuthorizerId: z.string().optional(),
  Integration: z.object({
    Type: z.literal('AWS_PROXY'),
    Uri: z.string(),
    TimeoutInMillis: z.number().optional(),
  }),
});
const clusterProperties = z.object({ DatabaseName: z.string() });
const triggerProperties = z.object({ HandlerArn: z.string() });
