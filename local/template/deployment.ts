import * as z from 'zod';
import type { Assembly, Stack, TemplateValue } from './assembly.ts';
import { Identities } from './identities.ts';
import { INERT_RESOURCES } from './inert-resources.ts';
import {
  authorizerProperties,
  clusterProperties,
  eventSourceProperties,
  functionProperties,
  methodProperties,
  pathProperties,
  queueProperties,
  responseProperties,
  ruleProperties,
  stageProperties,
  tableProperties,
  triggerProperties,
} from './properties.ts';
import { Resolver } from './resolver.ts';
import type {
  ApiResource,
  Deployment,
  EventSourceResource,
  FunctionResource,
  RouteResource,
  ScheduleResource,
} from './resources.ts';

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
  private readonly resolver: Resolver;
  private readonly identities: Identities;

  constructor(assembly: Assembly, options: DeploymentOptions) {
    this.assembly = assembly;
    this.identities = new Identities(options, (stack, value) => this.resolver.resolve(stack, value));
    this.resolver = new Resolver({
      stacks: assembly.stacks,
      accountId: options.accountId,
      region: options.region,
      identityOf: (stack, logicalId, resource) => this.identities.of(stack, logicalId, resource),
    });
  }

  read(): Deployment {
    return {
      queues: this.all('AWS::SQS::Queue', queueProperties, (properties, found) => ({
        logicalId: found.logicalId,
        name: this.identities.queueName(found.stack, found.logicalId),
        arn: this.identities.arn('sqs', this.identities.queueName(found.stack, found.logicalId)),
        attributes: attributesOf(properties),
      })),
      tables: this.all('AWS::DynamoDB::GlobalTable', tableProperties, (properties, found) => ({
        logicalId: found.logicalId,
        name: this.identities.physicalName(found.stack, found.logicalId),
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
        name: this.identities.physicalName(stack, logicalId),
        arn: this.identities.functionArn(stack, logicalId),
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
      arn: this.identities.clusterArn(found.logicalId),
      database: properties.DatabaseName,
    }));
    const [secretArn] = this.all('AWS::SecretsManager::Secret', z.object({}), (_properties, found) =>
      this.identities.secretArn(found.stack, found.logicalId),
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
