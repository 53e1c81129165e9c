import type { AccessRules, CallerRules, HeldPolicy, RoleRules } from '../iam/access-rules.ts';
import { parsePolicy } from '../iam/policy-document.ts';
import {
  encryptedQueue,
  encryptedSecret,
  encryptedTopic,
  gatewayAccountProperties,
  keyProperties,
  logGroupProperties,
  permissionProperties,
  policyProperties,
  protectedTable,
  queuePolicyProperties,
  roleProperties,
  topicPolicyProperties,
} from './access-properties.ts';
import type { Assembly } from './assembly.ts';
import { UnknownResourceError } from './errors.ts';
import type { IdentityOptions } from './identities.ts';
import { functionProperties, triggerProperties } from './properties.ts';
import { type Found, ResourceReader } from './resource-reader.ts';

type ResourcePolicy = AccessRules['resourcePolicies'][number];

/**
 * The access rules of the templates.
 *
 * @throws UnknownPolicyError, UnknownResourceError, UnresolvableError
 */
export function readAccessRules(assembly: Assembly, options: IdentityOptions): AccessRules {
  const reader = new ResourceReader(assembly, options);
  return {
    accountId: options.accountId,
    region: options.region,
    roles: rolesOf(reader),
    callers: callersOf(reader),
    resourcePolicies: [
      ...trustPolicies(reader),
      ...queuePolicies(reader),
      ...topicPolicies(reader),
      ...tablePolicies(reader),
      ...keyPolicies(reader),
      ...permissions(reader),
    ],
    triggers: reader.all('Custom::Trigger', triggerProperties, ({ ServiceToken, HandlerArn }) => ({
      providerArn: ServiceToken,
      handlerArn: HandlerArn,
    })),
    gatewayLogRoles: reader.all(
      'AWS::ApiGateway::Account',
      gatewayAccountProperties,
      ({ CloudWatchRoleArn }) => CloudWatchRoleArn,
    ),
    keys: keysOf(reader),
  };
}

function held({ stack, logicalId }: Found, type: string, holder: string, document: unknown): HeldPolicy {
  const where = `${stack.name}: ${logicalId} (${type})`;
  return { where, holder, statements: parsePolicy(where, document) };
}

function rolesOf(reader: ResourceReader): readonly RoleRules[] {
  const attached = reader.all('AWS::IAM::Policy', policyProperties, (properties, found) => ({
    roles: properties.Roles,
    policyOf: (holder: string) => held(found, 'AWS::IAM::Policy', holder, properties.PolicyDocument),
  }));
  return reader.all('AWS::IAM::Role', roleProperties, (properties, found) => {
    const { logicalId } = found;
    const name = reader.identities.physicalName(found.stack, logicalId, properties.RoleName);
    const inline = properties.Policies.map(({ PolicyDocument }) =>
      held(found, 'AWS::IAM::Role', logicalId, PolicyDocument),
    );
    const others = attached.filter(({ roles }) => roles.includes(name));
    return {
      arn: reader.identities.roleArn(name),
      policies: [...inline, ...others.map(({ policyOf }) => policyOf(logicalId))],
    };
  });
}

/** Each function signs with an access key of its own: its logical id. */
function callersOf(reader: ResourceReader): readonly CallerRules[] {
  const { identities } = reader;
  const callers = reader.all('AWS::Lambda::Function', functionProperties, (properties, found) => {
    const functionName = identities.physicalName(found.stack, found.logicalId, properties.FunctionName);
    return {
      accessKeyId: found.logicalId,
      roleArn: properties.Role,
      functionName,
      functionArn: identities.functionArn(functionName),
      isTraced: properties.TracingConfig?.Mode === 'Active',
      logGroupArn: identities.logGroupArn(properties.LoggingConfig.LogGroup ?? `/aws/lambda/${functionName}`),
    };
  });
  const twice = callers.find((one, index) =>
    callers.slice(index + 1).some(({ accessKeyId }) => accessKeyId === one.accessKeyId),
  );
  if (twice === undefined) return callers;
  throw new UnknownResourceError(
    `Two stacks have a function ${twice.accessKeyId}: here a function is known by its logical id. Rename one.`,
  );
}

function trustPolicies(reader: ResourceReader): readonly ResourcePolicy[] {
  return reader.all('AWS::IAM::Role', roleProperties, (properties, found) => ({
    resource: reader.identities.roleArn(
      reader.identities.physicalName(found.stack, found.logicalId, properties.RoleName),
    ),
    policy: held(found, 'AWS::IAM::Role', found.logicalId, properties.AssumeRolePolicyDocument),
  }));
}

function queuePolicies(reader: ResourceReader): readonly ResourcePolicy[] {
  const type = 'AWS::SQS::QueuePolicy';
  return reader
    .all(type, queuePolicyProperties, ({ Queues, PolicyDocument }, found) =>
      Queues.map((url) => ({
        resource: reader.identities.arn('sqs', url.split('/').at(-1) ?? ''),
        policy: held(found, type, found.logicalId, PolicyDocument),
      })),
    )
    .flat();
}

function topicPolicies(reader: ResourceReader): readonly ResourcePolicy[] {
  const type = 'AWS::SNS::TopicPolicy';
  return reader
    .all(type, topicPolicyProperties, ({ Topics, PolicyDocument }, found) =>
      Topics.map((resource) => ({
        resource,
        policy: held(found, type, found.logicalId, PolicyDocument),
      })),
    )
    .flat();
}

function tablePolicies(reader: ResourceReader): readonly ResourcePolicy[] {
  const type = 'AWS::DynamoDB::GlobalTable';
  return reader
    .some(type, protectedTable, ({ TableName, Replicas: [replica] }, found) => {
      if (replica?.ResourcePolicy === undefined) return [];
      const { PolicyDocument } = replica.ResourcePolicy;
      const policy = held(found, type, found.logicalId, PolicyDocument);
      return [{ resource: reader.identities.tableArn(found.stack, found.logicalId, TableName), policy }];
    })
    .flat();
}

function keyPolicies(reader: ResourceReader): readonly ResourcePolicy[] {
  const type = 'AWS::KMS::Key';
  return reader.all(type, keyProperties, ({ KeyPolicy }, found) => ({
    resource: reader.identities.keyArn(found.logicalId),
    policy: held(found, type, found.logicalId, KeyPolicy),
  }));
}

/** By the ARN of each resource that a customer key encrypts and whose callers need that key. */
function keysOf(reader: ResourceReader): Readonly<Record<string, string>> {
  const { identities } = reader;
  const queues = reader.some('AWS::SQS::Queue', encryptedQueue, (properties, found) => [
    identities.arn('sqs', identities.queueName(found.stack, found.logicalId, properties)),
    properties.KmsMasterKeyId,
  ]);
  const topics = reader.some('AWS::SNS::Topic', encryptedTopic, ({ TopicName, KmsMasterKeyId }, found) => [
    identities.arn('sns', identities.physicalName(found.stack, found.logicalId, TopicName)),
    KmsMasterKeyId,
  ]);
  const tables = reader.some('AWS::DynamoDB::GlobalTable', protectedTable, (properties, found) => [
    identities.tableArn(found.stack, found.logicalId, properties.TableName),
    properties.Replicas[0]?.SSESpecification?.KMSMasterKeyId,
  ]);
  const secrets = reader.some('AWS::SecretsManager::Secret', encryptedSecret, ({ KmsKeyId }, found) => [
    identities.secretArn(found.stack, found.logicalId),
    KmsKeyId,
  ]);
  const groups = reader.all('AWS::Logs::LogGroup', logGroupProperties, (properties, found) => [
    identities.logGroupArn(identities.physicalName(found.stack, found.logicalId, properties.LogGroupName)),
    properties.KmsKeyId,
  ]);
  const encrypted = [...queues, ...topics, ...tables, ...secrets, ...groups].flatMap(([resource, key]) =>
    resource === undefined || key === undefined ? [] : [[resource, key] as const],
  );
  return Object.fromEntries(encrypted);
}

function permissions(reader: ResourceReader): readonly ResourcePolicy[] {
  const type = 'AWS::Lambda::Permission';
  return reader.all(type, permissionProperties, (properties, found) => {
    const { Action, FunctionName, Principal, SourceArn, SourceAccount } = properties;
    const resource = FunctionName.startsWith('arn:')
      ? FunctionName
      : reader.identities.functionArn(FunctionName);
    const statement = {
      Effect: 'Allow',
      Action,
      Resource: resource,
      Principal: Principal.endsWith('.amazonaws.com') ? { Service: Principal } : { AWS: Principal },
      Condition: {
        ...(SourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': SourceArn } }),
        ...(SourceAccount === undefined ? {} : { StringEquals: { 'aws:SourceAccount': SourceAccount } }),
      },
    };
    const document = { Version: '2012-10-17', Statement: statement };
    return { resource, policy: held(found, type, found.logicalId, document) };
  });
}
