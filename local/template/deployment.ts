import { readAlarms } from './alarms.ts';
import type { Assembly } from './assembly.ts';
import { readAsyncInvocations } from './async-invocations.ts';
import { UnknownResourceError } from './errors.ts';
import { readEventSources } from './event-sources.ts';
import type { IdentityOptions } from './identities.ts';
import { INERT_RESOURCES } from './inert-resources.ts';
import {
  functionProperties,
  queueProperties,
  ruleProperties,
  tableProperties,
  triggerProperties,
} from './properties.ts';
import { ResourceReader } from './resource-reader.ts';
import type {
  AsyncInvocationResource,
  Deployment,
  FunctionResource,
  QueueResource,
  ScheduleResource,
} from './resources.ts';
import { readApis } from './rest-api.ts';
import { readCluster, readSecrets } from './secrets.ts';

const IMPLEMENTED: ReadonlySet<string> = new Set([
  'AWS::ApiGateway::Account',
  'AWS::ApiGateway::Authorizer',
  'AWS::ApiGateway::GatewayResponse',
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::RequestValidator',
  'AWS::ApiGateway::Resource',
  'AWS::ApiGateway::RestApi',
  'AWS::ApiGateway::Stage',
  'AWS::CloudWatch::Alarm',
  'AWS::DynamoDB::GlobalTable',
  'AWS::Events::Rule',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Key',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Alias',
  'AWS::Lambda::Version',
  'AWS::Logs::LogGroup',
  'AWS::RDS::DBCluster',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::SecretsManager::RotationSchedule',
  'AWS::SecretsManager::Secret',
  'Custom::Trigger',
]);

/** The suffix of the name of the stack with the simulated PSPs. */
const SIMULATOR_STACK = '-Simulator';

/** @throws UnknownResourceError, UnresolvableError */
export function readDeployment(assembly: Assembly, options: IdentityOptions): Deployment {
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

class DeploymentReader {
  private readonly assembly: Assembly;
  private readonly reader: ResourceReader;

  constructor(assembly: Assembly, options: IdentityOptions) {
    this.assembly = assembly;
    this.reader = new ResourceReader(assembly, options);
  }

  read(): Deployment {
    const asyncInvocations = readAsyncInvocations(this.reader);
    const queues = this.queues(asyncInvocations);
    const functions = this.functions();
    return {
      queues,
      asyncInvocations,
      tables: this.reader.all('AWS::DynamoDB::GlobalTable', tableProperties, (properties, found) => ({
        logicalId: found.logicalId,
        name: this.reader.identities.physicalName(found.stack, found.logicalId, properties.TableName),
        keySchema: properties.KeySchema,
        attributeDefinitions: properties.AttributeDefinitions,
        indexes: (properties.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema }) => ({
          name: IndexName,
          keySchema: KeySchema,
        })),
      })),
      functions,
      eventSources: readEventSources(this.reader, { queues, functions }),
      schedules: this.schedules(),
      alarms: readAlarms(this.reader),
      ...this.apis(),
      cluster: this.cluster(),
      secrets: readSecrets(this.reader),
      triggers: this.triggers().map(({ HandlerArn }) => HandlerArn),
    };
  }

  private queues(asyncInvocations: readonly AsyncInvocationResource[]): readonly QueueResource[] {
    return this.reader
      .all('AWS::SQS::Queue', queueProperties, (properties, { stack, logicalId }) => {
        const { identities } = this.reader;
        const name = identities.queueName(stack, logicalId, properties);
        const arn = identities.arn('sqs', name);
        if (properties.FifoQueue) return { logicalId, name, arn, attributes: attributesOf(properties) };
        if (asyncInvocations.some(({ failureDestinationArn }) => failureDestinationArn === arn))
          return undefined;
        throw new UnknownResourceError(
          `${stack.name}: ${logicalId} (AWS::SQS::Queue) has no FifoQueue: true. Only FIFO queues are supported here, and standard ones for records of failed invocations (AWS::Lambda::EventInvokeConfig).`,
        );
      })
      .filter((found) => found !== undefined);
  }

  private apis(): Pick<Deployment, 'api' | 'simulatorApi'> {
    const apis = readApis(this.reader);
    const simulatorApi = apis.find(({ stackName }) => stackName.endsWith(SIMULATOR_STACK));
    const [api] = apis.filter((each) => each !== simulatorApi);
    if (api === undefined) throw new UnknownResourceError('The templates hold no REST API.');
    return { api, simulatorApi };
  }

  private triggers() {
    return this.reader.all('Custom::Trigger', triggerProperties, (properties) => properties);
  }

  private functions(): readonly FunctionResource[] {
    // Functions that run triggers for CloudFormation; here the triggers run at every start.
    const providers = new Set(this.triggers().map(({ ServiceToken }) => ServiceToken));
    return this.reader
      .all('AWS::Lambda::Function', functionProperties, (properties, { stack, logicalId }) => {
        const name = this.reader.identities.physicalName(stack, logicalId, properties.FunctionName);
        const arn = this.reader.identities.functionArn(name);
        if (providers.has(arn)) return undefined;
        const directory = this.assembly.assetDirectory(properties.Code.S3Key);
        if (directory === undefined) {
          throw new UnknownResourceError(
            `${stack.name}: ${logicalId} has no bundle ${properties.Code.S3Key} in the assembly.`,
          );
        }
        const environment = properties.Environment?.Variables ?? {};
        return {
          logicalId,
          name,
          arn,
          serviceName: environment.POWERTOOLS_SERVICE_NAME ?? logicalId,
          directory,
          handler: properties.Handler,
          timeoutSeconds: properties.Timeout,
          memoryMegabytes: properties.MemorySize,
          environment,
          reservedConcurrency: properties.ReservedConcurrentExecutions,
          isTraced: properties.TracingConfig?.Mode === 'Active',
        };
      })
      .filter((found) => found !== undefined);
  }

  private schedules(): readonly ScheduleResource[] {
    return this.reader
      .all('AWS::Events::Rule', ruleProperties, (properties, { stack, logicalId }) => {
        if (properties.State === 'DISABLED') return undefined;
        const [, count, unit] =
          /^rate\((\d+) (minute|hour|day)s?\)$/.exec(properties.ScheduleExpression) ?? [];
        if (count === undefined || unit === undefined) {
          throw new UnknownResourceError(
            `${stack.name}: ${logicalId} has the schedule ${properties.ScheduleExpression}; only rate(…) is supported here.`,
          );
        }
        const milliseconds = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[unit] ?? 0;
        return {
          logicalId,
          arn: this.reader.identities.ruleArn(stack, logicalId),
          periodMilliseconds: Number(count) * milliseconds,
          functionArns: properties.Targets.map((target) => target.Arn),
        };
      })
      .filter((found) => found !== undefined);
  }

  private cluster(): Deployment['cluster'] {
    const cluster = readCluster(this.reader);
    if (cluster === undefined) throw new UnknownResourceError('The templates hold no database cluster.');
    return cluster;
  }
}

function attributesOf(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(properties).filter(
    ([name, value]) => name !== 'QueueName' && value !== undefined,
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
  );
}
