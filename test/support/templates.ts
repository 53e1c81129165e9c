import type { Assembly, Resource, Stack, TemplateValue } from '../../local/template/assembly.ts';
import type { IdentityOptions } from '../../local/template/identities.ts';

type Properties = Readonly<Record<string, TemplateValue>>;

export const identityOptions: IdentityOptions = {
  accountId: '000000000000',
  region: 'us-east-1',
  queueUrl: (name) => `http://queues/${name}`,
};

export function resource(Type: string, Properties: Properties = {}, Condition?: string): Resource {
  return { Type, Properties, ...(Condition === undefined ? {} : { Condition }) };
}

export function stackOf(
  resources: Readonly<Record<string, Resource>>,
  sections: Partial<Stack['template']> = {},
  name = 'Stack',
): Stack {
  return {
    name,
    template: {
      Parameters: {},
      Mappings: {},
      Conditions: {},
      Outputs: {},
      ...sections,
      Resources: { ...resources },
    },
  };
}

/** Every asset is there. */
export function assemblyOf(...stacks: readonly Stack[]): Assembly {
  return { directory: '/assembly', stacks, assetDirectory: (objectKey) => `/assembly/${objectKey}` };
}

const invocations = (logicalId: string): TemplateValue => ({
  'Fn::Join': [
    '',
    ['arn:aws:apigateway::lambda:path/', { 'Fn::GetAtt': [logicalId, 'Arn'] }, '/invocations'],
  ],
});

export function policy(...statements: readonly TemplateValue[]): TemplateValue {
  return { Version: '2012-10-17', Statement: statements };
}

/** The least of a template that the local runtime runs: each implemented type once. */
export const SMALLEST: Readonly<Record<string, Resource>> = {
  Orders: resource('AWS::SQS::Queue', { FifoQueue: true, VisibilityTimeout: 30 }),
  Seen: resource('AWS::DynamoDB::GlobalTable', {
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  }),
  WorkRole: resource('AWS::IAM::Role', {
    AssumeRolePolicyDocument: policy({
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { Service: 'lambda.amazonaws.com' },
    }),
  }),
  Work: resource('AWS::Lambda::Function', {
    Role: { 'Fn::GetAtt': ['WorkRole', 'Arn'] },
    Code: { S3Bucket: 'assets', S3Key: 'abc.zip' },
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Timeout: 7,
    Environment: { Variables: { QUEUE_URL: { Ref: 'Orders' } } },
  }),
  Poller: resource('AWS::Lambda::EventSourceMapping', {
    EventSourceArn: { 'Fn::GetAtt': ['Orders', 'Arn'] },
    FunctionName: { Ref: 'Work' },
  }),
  Hourly: resource('AWS::Events::Rule', {
    ScheduleExpression: 'rate(2 hours)',
    Targets: [{ Arn: { 'Fn::GetAtt': ['Work', 'Arn'] }, Id: 'one' }],
  }),
  Api: resource('AWS::ApiGateway::RestApi'),
  Stage: resource('AWS::ApiGateway::Stage', { StageName: 'v1' }),
  Things: resource('AWS::ApiGateway::Resource', {
    ParentId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] },
    PathPart: 'things',
  }),
  Thing: resource('AWS::ApiGateway::Resource', { ParentId: { Ref: 'Things' }, PathPart: '{id}' }),
  GetThing: resource('AWS::ApiGateway::Method', {
    HttpMethod: 'GET',
    ResourceId: { Ref: 'Thing' },
    AuthorizationType: 'CUSTOM',
    AuthorizerId: { Ref: 'Guard' },
    Integration: { Type: 'AWS_PROXY', IntegrationHttpMethod: 'POST', Uri: invocations('Work') },
  }),
  Guard: resource('AWS::ApiGateway::Authorizer', {
    AuthorizerUri: invocations('Work'),
    IdentitySource: 'method.request.header.Authorization',
    Type: 'REQUEST',
  }),
  NotFound: resource('AWS::ApiGateway::GatewayResponse', { ResponseType: 'MISSING_AUTHENTICATION_TOKEN' }),
  Cluster: resource('AWS::RDS::DBCluster', {
    DatabaseName: 'orders',
    EnableHttpEndpoint: true,
    Engine: 'aurora-postgresql',
    EngineVersion: '17.5',
    MasterUsername: 'master',
    MasterUserPassword: {
      'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'Password' }, ':SecretString:password::}}']],
    },
  }),
  Password: resource('AWS::SecretsManager::Secret'),
};

/** The smallest template with these properties of one resource on top of its own. */
export function smallestWith(logicalId: string, properties: Properties): Assembly {
  return assemblyOf(stackOf({ ...SMALLEST, [logicalId]: changed(logicalId, properties) }));
}

/** A resource of the smallest template with other or further properties. */
export function changed(logicalId: string, properties: Properties): Resource {
  const resource = SMALLEST[logicalId];
  if (resource === undefined) throw new Error(`the smallest template has no ${logicalId}`);
  return { ...resource, Properties: { ...resource.Properties, ...properties } };
}
