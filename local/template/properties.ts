import * as z from 'zod';

/**
 * What is done with the properties of an implemented resource type. One that is in neither list stops the start:
 * ignored in silence, it would make the local run another system than the deployed one.
 */
export interface PropertyRules<Honoured extends z.ZodObject> {
  /** Read and obeyed. A value that the schema refuses is not supported here. */
  readonly honoured: Honoured;
  /** Without effect on one machine, each with the reason. */
  readonly inert: Readonly<Record<string, string>>;
}

const DESCRIPTIVE = 'names or describes it for people';
const ENCRYPTED_AT_REST = 'encrypting the disk of this machine is up to its owner';
const KEY_ACCESS =
  'encrypting the disk of this machine is up to its owner; access-rules.ts reads the key’s permissions';
const ONE_API = 'each stack has one API';
const OUTSIDE_ACCESS = 'only this machine can reach it';

/** Of all that an alarm may do, invoking functions and publishing to topics is supported here. */
const actionArn = z
  .string()
  .regex(/^arn:aws:(lambda:[^:]*:[^:]*:function:|sns:[^:]*:[^:]*:)/, 'not the ARN of a function or a topic');

/** No mail is sent: notifications are kept in a file. */
export const topicProperties = {
  honoured: z.object({ TopicName: z.string().optional() }),
  inert: { DisplayName: DESCRIPTIVE, KmsMasterKeyId: KEY_ACCESS },
};

export const queueProperties = {
  honoured: z.object({
    QueueName: z.string().optional(),
    FifoQueue: z.boolean().default(false),
    ContentBasedDeduplication: z.boolean().optional(),
    DeduplicationScope: z.string().optional(),
    FifoThroughputLimit: z.string().optional(),
    VisibilityTimeout: z.number().optional(),
    MessageRetentionPeriod: z.number().optional(),
    SqsManagedSseEnabled: z.boolean().optional(),
    // Nothing is encrypted here, but a queue reports its encryption. access-rules.ts reads the key's permissions.
    KmsMasterKeyId: z.string().optional(),
    KmsDataKeyReusePeriodSeconds: z.number().optional(),
    RedrivePolicy: z
      .strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number() })
      .optional(),
    RedriveAllowPolicy: z
      .strictObject({ redrivePermission: z.string(), sourceQueueArns: z.array(z.string()).optional() })
      .optional(),
  }),
  inert: {},
};

const keySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));

export const tableProperties = {
  honoured: z.object({
    TableName: z.string().optional(),
    KeySchema: keySchema,
    GlobalSecondaryIndexes: z
      .array(
        z.strictObject({
          IndexName: z.string(),
          KeySchema: keySchema,
          Projection: z.strictObject({ ProjectionType: z.literal('ALL') }),
        }),
      )
      .min(1)
      .optional(),
    AttributeDefinitions: z.array(
      z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
    ),
    BillingMode: z.literal('PAY_PER_REQUEST'),
  }),
  inert: {
    Replicas: 'one machine is one region, its disk is its backup; policy and key are read in access-rules.ts',
    SSESpecification: ENCRYPTED_AT_REST,
    TimeToLiveSpecification: 'AWS deletes days late as well: readers compare the expiry themselves',
  },
};

export const functionProperties = {
  honoured: z.object({
    FunctionName: z.string().optional(),
    Code: z.object({ S3Key: z.string() }),
    Handler: z.string(),
    Runtime: z.literal('nodejs24.x'),
    Timeout: z.number().default(3),
    MemorySize: z.number().default(128),
    Environment: z.strictObject({ Variables: z.record(z.string(), z.string()) }).optional(),
    ReservedConcurrentExecutions: z.number().optional(),
    /** The log group that the function’s role may write to; the function defines the format. */
    LoggingConfig: z.object({ LogGroup: z.string().optional() }).default({}),
    Role: z.string(),
    TracingConfig: z.strictObject({ Mode: z.enum(['Active', 'PassThrough']) }).optional(),
  }),
  inert: {
    Architectures: 'a bundle is JavaScript, the same for every processor',
    Description: DESCRIPTIVE,
  },
};

export const eventSourceProperties = {
  honoured: z.object({
    EventSourceArn: z.string(),
    FunctionName: z.string(),
    BatchSize: z.int().min(1).max(10, 'a FIFO queue returns at most 10 messages in a batch').default(10),
    ScalingConfig: z.strictObject({ MaximumConcurrency: z.int().min(2).max(1_000) }).optional(),
    FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).optional(),
  }),
  inert: {},
};

export const ruleProperties = {
  honoured: z.object({
    ScheduleExpression: z.string(),
    State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
    Targets: z.array(z.strictObject({ Arn: z.string(), Id: z.string() })),
  }),
  inert: { Description: DESCRIPTIVE },
};

export const alarmProperties = {
  honoured: z.object({
    AlarmName: z.string().optional(),
    AlarmDescription: z.string().default(''),
    Namespace: z.string(),
    MetricName: z.string(),
    Dimensions: z.array(z.strictObject({ Name: z.string(), Value: z.string() })).default([]),
    Statistic: z.enum(['Average', 'Maximum', 'Minimum', 'SampleCount', 'Sum']).optional(),
    ExtendedStatistic: z.templateLiteral(['p', z.number()]).optional(),
    // Standard resolution: whole minutes.
    Period: z.number().int().multipleOf(60).min(60),
    EvaluationPeriods: z.number().int().min(1),
    DatapointsToAlarm: z.number().int().min(1).optional(),
    Threshold: z.number(),
    ComparisonOperator: z.enum([
      'GreaterThanOrEqualToThreshold',
      'GreaterThanThreshold',
      'LessThanOrEqualToThreshold',
      'LessThanThreshold',
    ]),
    TreatMissingData: z.enum(['missing', 'ignore', 'breaching', 'notBreaching']).default('missing'),
    ActionsEnabled: z.boolean().default(true),
    AlarmActions: z.array(actionArn).default([]),
    OKActions: z.array(actionArn).default([]),
    InsufficientDataActions: z.array(actionArn).default([]),
  }),
  inert: {},
};

export const apiProperties = {
  honoured: z.object({ Name: z.string().optional() }),
  inert: {
    DisableExecuteApiEndpoint: OUTSIDE_ACCESS,
    EndpointConfiguration: 'there is no network between client and gateway',
  },
};

export const stageProperties = {
  honoured: z.object({
    StageName: z.string(),
    MethodSettings: z
      .array(
        z.strictObject({
          HttpMethod: z.string(),
          ResourcePath: z.string(),
          DataTraceEnabled: z.literal(false).optional(),
          LoggingLevel: z.literal('OFF').optional(),
          ThrottlingRateLimit: z.number().optional(),
          ThrottlingBurstLimit: z.number().optional(),
        }),
      )
      .optional(),
    TracingEnabled: z.boolean().default(false),
  }),
  inert: {
    AccessLogSetting: 'the gateway here writes no access log; see the functions’ lines',
    DeploymentId: 'here the newest routes always apply',
    RestApiId: ONE_API,
  },
};

export const authorizerProperties = {
  honoured: z.object({
    AuthorizerUri: z.string(),
    IdentitySource: z.string(),
    AuthorizerResultTtlInSeconds: z.number().default(300),
    Type: z.literal('REQUEST'),
  }),
  inert: { Name: DESCRIPTIVE, RestApiId: ONE_API },
};

export const responseProperties = {
  honoured: z.object({
    ResponseType: z.string(),
    StatusCode: z.string().optional(),
    ResponseParameters: z.record(z.string(), z.string()).optional(),
    ResponseTemplates: z.strictObject({ 'application/json': z.string() }).optional(),
  }),
  inert: { RestApiId: ONE_API },
};

export const pathProperties = {
  honoured: z.object({ ParentId: z.string(), PathPart: z.string() }),
  inert: { RestApiId: ONE_API },
};

export const methodProperties = {
  honoured: z.object({
    HttpMethod: z.string(),
    ResourceId: z.string(),
    AuthorizationType: z.enum(['NONE', 'CUSTOM']),
    AuthorizerId: z.string().optional(),
    RequestValidatorId: z.string().optional(),
    // Only headers are supported as request parameters, and only required ones.
    RequestParameters: z.record(z.string().startsWith('method.request.header.'), z.literal(true)).default({}),
    Integration: z.strictObject({
      Type: z.literal('AWS_PROXY'),
      IntegrationHttpMethod: z.literal('POST'),
      Uri: z.string(),
      TimeoutInMillis: z.number().optional(),
    }),
  }),
  inert: { RestApiId: ONE_API },
};

export const validatorProperties = {
  honoured: z.object({ ValidateRequestParameters: z.literal(true) }),
  inert: { RestApiId: ONE_API, ValidateRequestBody: 'no method has a body model' },
};

export const clusterProperties = {
  honoured: z.object({
    DatabaseName: z.string(),
    EnableHttpEndpoint: z.literal(true),
    Engine: z.literal('aurora-postgresql'),
    // The major version that comes from npm.
    EngineVersion: z.string().regex(/^17\./),
    MasterUsername: z.string(),
    MasterUserPassword: z.string(),
  }),
  inert: {
    BackupRetentionPeriod: 'backing up the data folder is up to its owner',
    CopyTagsToSnapshot: 'backing up the data folder is up to its owner',
    DBClusterIdentifier: DESCRIPTIVE,
    DBClusterParameterGroupName: 'it configures logging, and nothing is logged here',
    DBSubnetGroupName: OUTSIDE_ACCESS,
    DeletionProtection: 'nothing here deletes a database',
    EnableCloudwatchLogsExports: 'the server’s own log is in the data folder',
    EnableIAMDatabaseAuthentication: 'clients use the Data API',
    KmsKeyId: ENCRYPTED_AT_REST,
    Port: 'clients use the Data API',
    ServerlessV2ScalingConfiguration: 'a machine’s size is fixed',
    StorageEncrypted: ENCRYPTED_AT_REST,
    VpcSecurityGroupIds: OUTSIDE_ACCESS,
  },
};

export const secretProperties = {
  honoured: z.object({
    Name: z.string().optional(),
    GenerateSecretString: z
      .strictObject({
        SecretStringTemplate: z.string().optional(),
        GenerateStringKey: z.string().optional(),
        PasswordLength: z.number().optional(),
        ExcludeCharacters: z.string().optional(),
        ExcludePunctuation: z.boolean().optional(),
      })
      .optional(),
  }),
  inert: { Description: DESCRIPTIVE, KmsKeyId: KEY_ACCESS },
};

export const rotationProperties = {
  honoured: z.object({
    SecretId: z.string(),
    RotationLambdaARN: z.string(),
    // An immediate rotation would precede the creation of the logins.
    RotateImmediatelyOnUpdate: z.literal(false),
  }),
  inert: { RotationRules: 'here a secret is rotated only on request' },
};

export const triggerProperties = {
  honoured: z.object({
    ServiceToken: z.string(),
    HandlerArn: z.string(),
    InvocationType: z.literal('RequestResponse'),
  }),
  inert: {
    ExecuteOnHandlerChange: 'a trigger runs at every start',
    Timeout: 'the function’s own time-out ends it',
  },
};
