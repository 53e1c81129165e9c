/** A queue of the template. */
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
  readonly indexes?: readonly IndexResource[];
}

/** A global secondary index with whole items. */
export interface IndexResource {
  readonly name: string;
  readonly keySchema: TableResource['keySchema'];
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
  /** Whether Lambda begins a trace if no caller has. */
  readonly isTraced: boolean;
}

export interface EventSourceResource {
  readonly queueArn: string;
  readonly functionName: string;
  readonly batchSize: number;
  readonly maxConcurrency: number;
  readonly reportsItemFailures: boolean;
}

/** How Lambda handles an event whose run fails, or that it can't start. */
export interface AsyncInvocationResource {
  readonly functionName: string;
  /** The alias as which the function is invoked. */
  readonly qualifier: string;
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeMilliseconds: number;
  /** A queue; undefined if no record is kept. */
  readonly failureDestinationArn: string | undefined;
}

export interface ScheduleResource {
  readonly logicalId: string;
  readonly arn: string;
  readonly periodMilliseconds: number;
  readonly functionArns: readonly string[];
}

export interface AlarmResource {
  readonly name: string;
  readonly description: string;
  readonly metric: {
    readonly namespace: string;
    readonly name: string;
    readonly dimensions: Readonly<Record<string, string>>;
  };
  /** `p99` is the 99th percentile. */
  readonly statistic: 'Average' | 'Maximum' | 'Minimum' | 'SampleCount' | 'Sum' | `p${number}`;
  readonly periodMilliseconds: number;
  readonly evaluationPeriods: number;
  /** Of the evaluation periods, how many must breach. */
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparison:
    | 'GreaterThanOrEqualToThreshold'
    | 'GreaterThanThreshold'
    | 'LessThanOrEqualToThreshold'
    | 'LessThanThreshold';
  readonly treatMissingData: 'missing' | 'ignore' | 'breaching' | 'notBreaching';
  /** ARNs of functions and topics, by the new state that invokes or publishes to them. */
  readonly actions: Readonly<Record<'OK' | 'ALARM' | 'INSUFFICIENT_DATA', readonly string[]>>;
}

export interface RouteResource {
  readonly method: string;
  /** `/payments/{payment_id}`. */
  readonly path: string;
  readonly functionName: string;
  /** As the gateway invokes it. */
  readonly functionArn: string;
  readonly timeoutMilliseconds: number;
  readonly authorizerId: string | undefined;
  /** Headers that the gateway requires, in lower case. */
  readonly requiredHeaders: readonly string[];
}

export interface AuthorizerResource {
  readonly id: string;
  readonly functionName: string;
  readonly functionArn: string;
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

/** Requests per second, on average and at most in a burst. */
export interface Throttle {
  readonly rateLimit: number;
  readonly burstLimit: number;
}

export interface ApiResource {
  readonly id: string;
  readonly stackName: string;
  /** Its name in the metrics. */
  readonly name: string;
  /** Whether the gateway begins a trace for each request. */
  readonly isTraced: boolean;
  readonly stage: string;
  /** Of all methods but those that have a throttle of their own. */
  readonly throttle: Throttle | undefined;
  /** By method and path, such as `POST /webhooks/{psp_account}`; undefined for a method that isn't throttled. */
  readonly methodThrottles: ReadonlyMap<string, Throttle | undefined>;
  readonly routes: readonly RouteResource[];
  readonly authorizers: ReadonlyMap<string, AuthorizerResource>;
  readonly responses: ReadonlyMap<string, GatewayResponseResource>;
}

export interface SecretResource {
  readonly arn: string;
  readonly name: string;
  /** Its initial value: a password, stored under a key of the template's JSON if both are given. */
  readonly generate: {
    readonly template: string | undefined;
    readonly key: string | undefined;
    readonly rules: {
      readonly length: number | undefined;
      readonly excludeCharacters: string | undefined;
      readonly excludePunctuation: boolean | undefined;
    };
  };
  readonly rotationFunctionArn: string | undefined;
}

export interface ClusterResource {
  readonly arn: string;
  readonly database: string;
  readonly masterUser: string;
  /** The master's. */
  readonly secretArn: string;
}

/** Everything in the templates that runs. */
export interface Deployment {
  /** FIFO queues; queues for Lambda's records of failed events are excluded. */
  readonly queues: readonly QueueResource[];
  readonly tables: readonly TableResource[];
  readonly functions: readonly FunctionResource[];
  readonly eventSources: readonly EventSourceResource[];
  readonly asyncInvocations: readonly AsyncInvocationResource[];
  readonly schedules: readonly ScheduleResource[];
  readonly alarms: readonly AlarmResource[];
  readonly api: ApiResource;
  /** The API of the simulated PSPs, in a stage that has them. */
  readonly simulatorApi: ApiResource | undefined;
  readonly cluster: ClusterResource;
  readonly secrets: readonly SecretResource[];
  /** Functions to invoke before anything serves, in order. */
  readonly triggers: readonly string[];
}
