import { describe, expect, test } from 'vitest';
import type { TemplateValue } from '../../../../local/template/assembly.ts';
import { assertKnown, readDeployment } from '../../../../local/template/deployment.ts';
import { UnknownResourceError } from '../../../../local/template/errors.ts';
import {
  assemblyOf,
  changed,
  identityOptions,
  resource,
  SMALLEST,
  smallestWith,
  stackOf,
} from '../../../support/templates.ts';

const smallest = assemblyOf(stackOf(SMALLEST));

/** What the start says of the smallest template with this change. */
function complaintAbout(logicalId: string, properties: Readonly<Record<string, TemplateValue>>): string {
  try {
    readDeployment(smallestWith(logicalId, properties), identityOptions);
  } catch (error) {
    if (error instanceof UnknownResourceError) return error.message;
    throw error;
  }
  return 'nothing';
}

describe('a resource type that is neither implemented nor inert', () => {
  const topic = { Alerts: resource('AWS::Kinesis::Stream') };

  test('stops the start with its logical id, its type and its stack', () => {
    const assembly = assemblyOf(stackOf(SMALLEST), stackOf(topic, {}, 'Second'));

    expect(() => readDeployment(assembly, identityOptions)).toThrow(UnknownResourceError);
    expect(() => assertKnown(assembly)).toThrow(/^Second: Alerts is of type AWS::Kinesis::Stream, /);
  });

  test('stops the start even where its condition is not met', () => {
    const assembly = assemblyOf(stackOf({ Alerts: resource('AWS::Kinesis::Stream', {}, 'Never') }));

    expect(() => assertKnown(assembly)).toThrow(UnknownResourceError);
  });
});

test('a resource of an inert type is passed over, whatever its properties', () => {
  const network = resource('AWS::EC2::VPC', { AnythingAtAll: { 'Fn::Unheard': 1 } });
  const assembly = assemblyOf(stackOf({ ...SMALLEST, Network: network }));

  expect(readDeployment(assembly, identityOptions)).toEqual(readDeployment(smallest, identityOptions));
});

describe('a property', () => {
  test('that is neither honoured nor inert stops the start with its name, resource and type', () => {
    expect(complaintAbout('Orders', { DelaySeconds: 5 })).toMatch(
      /^Stack: Orders \(AWS::SQS::Queue\) has the property DelaySeconds, /,
    );
  });

  test.each([
    ['Orders', { FifoQueue: false }, 'FifoQueue'],
    ['Orders', { RedrivePolicy: { deadLetterTargetArn: 'x', maxReceiveCount: 3, more: 1 } }, 'more'],
    ['Seen', { BillingMode: 'PROVISIONED' }, 'BillingMode'],
    ['Seen', { GlobalSecondaryIndexes: [] }, 'GlobalSecondaryIndexes'],
    ['Work', { Runtime: 'python3.13' }, 'Runtime'],
    ['Work', { VpcConfig: {} }, 'VpcConfig'],
    ['Poller', { MaximumBatchingWindowInSeconds: 5 }, 'MaximumBatchingWindowInSeconds'],
    ['Poller', { FunctionResponseTypes: ['Something'] }, 'FunctionResponseTypes'],
    ['Poller', { BatchSize: 11 }, 'a FIFO queue returns at most 10 messages in a batch'],
    ['Poller', { ScalingConfig: { MaximumConcurrency: 1 } }, 'MaximumConcurrency'],
    ['Hourly', { Targets: [{ Arn: 'x', Id: 'one', Input: '{}' }] }, 'Input'],
    ['Api', { BinaryMediaTypes: ['*/*'] }, 'BinaryMediaTypes'],
    ['Stage', { Variables: {} }, 'Variables'],
    ['GetThing', { ApiKeyRequired: true }, 'ApiKeyRequired'],
    ['GetThing', { AuthorizationType: 'AWS_IAM' }, 'AuthorizationType'],
    ['Guard', { Type: 'TOKEN' }, 'Type'],
    ['NotFound', { ResponseTemplates: { 'text/plain': '' } }, 'text/plain'],
    ['Cluster', { EngineVersion: '16.4' }, 'EngineVersion'],
    ['Password', { RotationRules: {} }, 'RotationRules'],
  ])('of %s with a value that is not supported here stops the start: %j', (logicalId, properties, named) => {
    const complaint = complaintAbout(logicalId, properties);

    expect(complaint).toContain(`Stack: ${logicalId} (`);
    expect(complaint).toContain(named);
  });

  test('that is inert is not even resolved', () => {
    expect(complaintAbout('Work', { Description: { 'Fn::Unheard': 1 } })).toBe('nothing');
  });
});

describe('asynchronous invocations', () => {
  const deployed = (config: Readonly<Record<string, TemplateValue>>) =>
    readDeployment(
      assemblyOf(
        stackOf({
          ...SMALLEST,
          Failed: resource('AWS::SQS::Queue'),
          Invocations: resource('AWS::Lambda::EventInvokeConfig', {
            FunctionName: { Ref: 'Work' },
            Qualifier: 'live',
            ...config,
          }),
        }),
      ),
      identityOptions,
    );
  const to = (logicalId: string) => ({
    DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [logicalId, 'Arn'] } } },
  });

  test('are repeated and given up as the template says, with a record in a standard queue', () => {
    const { asyncInvocations, queues } = deployed({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
      ...to('Failed'),
    });

    expect(asyncInvocations).toEqual([
      {
        functionName: 'Stack-Work',
        qualifier: 'live',
        maximumRetryAttempts: 0,
        maximumEventAgeMilliseconds: 60_000,
        failureDestinationArn: 'arn:aws:sqs:us-east-1:000000000000:Stack-Failed',
      },
    ]);
    expect(queues.map(({ logicalId }) => logicalId)).toEqual(['Orders']);
  });

  test('have Lambda’s own limits where the template names none', () => {
    expect(deployed(to('Failed')).asyncInvocations).toMatchObject([
      { maximumRetryAttempts: 2, maximumEventAgeMilliseconds: 21_600_000 },
    ]);
  });

  test('stop the start where their records would go to a FIFO queue', () => {
    expect(() => deployed(to('Orders'))).toThrow('not the ARN of a standard queue');
  });

  test('are all that a standard queue is done for here', () => {
    expect(() => deployed({})).toThrow(/^Stack: Failed \(AWS::SQS::Queue\) has no FifoQueue: true/);
  });
});

describe('an event source', () => {
  const deployed = (visibility: number | undefined, timeout: number) =>
    readDeployment(
      assemblyOf(
        stackOf({
          ...SMALLEST,
          Work: changed('Work', { Timeout: timeout }),
          Orders: changed('Orders', visibility === undefined ? {} : { VisibilityTimeout: visibility }),
        }),
      ),
      identityOptions,
    );

  test('whose queue is visible again before its function ends stops the start, as AWS refuses it', () => {
    expect(() => deployed(29, 30)).toThrow(
      'Stack: AWS would refuse Poller: Queue visibility timeout: 29 seconds is less than Function timeout: 30 seconds',
    );
  });

  test('has SQS’s own visibility where the template names none', () => {
    expect(() => deployed(undefined, 31)).toThrow('Queue visibility timeout: 30 seconds');
  });

  test('may have a visibility as long as its function’s time', () => {
    expect(deployed(30, 30).eventSources).toHaveLength(1);
  });
});

describe('a schedule', () => {
  test('by cron stops the start with its logical id', () => {
    expect(complaintAbout('Hourly', { ScheduleExpression: 'cron(0 3 * * ? *)' })).toMatch(
      /^Stack: Hourly has the schedule cron/,
    );
  });

  test('that is disabled is not run', () => {
    const { schedules } = readDeployment(smallestWith('Hourly', { State: 'DISABLED' }), identityOptions);

    expect(schedules).toEqual([]);
  });

  test.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(1 day)', 86_400_000],
  ])('of %s runs every %i milliseconds', (ScheduleExpression, periodMilliseconds) => {
    const { schedules } = readDeployment(smallestWith('Hourly', { ScheduleExpression }), identityOptions);

    expect(schedules).toMatchObject([{ periodMilliseconds }]);
  });
});

describe('a deployment', () => {
  const deployment = readDeployment(smallest, identityOptions);

  test('has a queue under the name that CloudFormation would give, with its attributes as texts', () => {
    expect(deployment.queues).toEqual([
      {
        logicalId: 'Orders',
        name: 'Stack-Orders.fifo',
        arn: 'arn:aws:sqs:us-east-1:000000000000:Stack-Orders.fifo',
        attributes: { FifoQueue: 'true', VisibilityTimeout: '30' },
      },
    ]);
  });

  test('has a function with its bundle, limits and resolved environment', () => {
    expect(deployment.functions).toMatchObject([
      {
        name: 'Stack-Work',
        directory: '/assembly/abc.zip',
        timeoutSeconds: 7,
        memoryMegabytes: 128,
        environment: { QUEUE_URL: 'http://queues/Stack-Orders.fifo' },
      },
    ]);
  });

  test('has an event source between the queue and the function, with AWS’s default batch size', () => {
    expect(deployment.eventSources).toMatchObject([
      {
        queueArn: 'arn:aws:sqs:us-east-1:000000000000:Stack-Orders.fifo',
        functionName: 'Stack-Work',
        batchSize: 10,
        reportsItemFailures: false,
      },
    ]);
  });

  test('has a route by its whole path, with function and authorizer', () => {
    expect(deployment.api.routes).toEqual([
      {
        method: 'GET',
        path: '/things/{id}',
        functionName: 'Stack-Work',
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Stack-Work',
        timeoutMilliseconds: 29_000,
        authorizerId: 'Guard',
        requiredHeaders: [],
      },
    ]);
  });

  test('has an authorizer with its headers in lower case and AWS’s default cache time', () => {
    expect(deployment.api.authorizers.get('Guard')).toEqual({
      id: 'Guard',
      functionName: 'Stack-Work',
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Stack-Work',
      identityHeaders: ['authorization'],
      cacheSeconds: 300,
    });
  });

  test('lacks what a condition leaves out', () => {
    const more = resource('AWS::SQS::Queue', { FifoQueue: true }, 'Never');
    const conditions = { Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } } };
    const { queues } = readDeployment(
      assemblyOf(stackOf({ ...SMALLEST, more }, conditions)),
      identityOptions,
    );

    expect(queues.map(({ logicalId }) => logicalId)).toEqual(['Orders']);
  });

  test('has a table with its indexes', () => {
    const index = {
      IndexName: 'by-day',
      KeySchema: [{ AttributeName: 'day', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    };
    const { tables } = readDeployment(
      smallestWith('Seen', { GlobalSecondaryIndexes: [index] }),
      identityOptions,
    );

    expect(tables).toMatchObject([
      { indexes: [{ name: 'by-day', keySchema: [{ AttributeName: 'day', KeyType: 'HASH' }] }] },
    ]);
  });

  test('keeps the API of the simulated PSPs apart, by the name of its stack', () => {
    const { Cluster: _cluster, Password: _password, ...simulator } = SMALLEST;
    const things = resource('AWS::ApiGateway::Resource', { ParentId: 'root', PathPart: 'charges' });
    const both = assemblyOf(
      stackOf({ ...simulator, Things: things }, {}, 'Shop-dev-Simulator'),
      stackOf(SMALLEST),
    );
    const { api, simulatorApi } = readDeployment(both, identityOptions);

    expect(api.routes.map(({ path }) => path)).toEqual(['/things/{id}']);
    expect(simulatorApi?.routes.map(({ path }) => path)).toEqual(['/charges/{id}']);
    expect(api.id).not.toBe(simulatorApi?.id);
  });

  test('with two APIs in one stack stops the start', () => {
    const two = assemblyOf(stackOf({ ...SMALLEST, Other: resource('AWS::ApiGateway::RestApi') }));

    expect(() => readDeployment(two, identityOptions)).toThrow('A stack has two REST APIs');
  });

  test('without an API stops the start', () => {
    const { Api: _api, ...others } = SMALLEST;

    expect(() => readDeployment(assemblyOf(stackOf(others)), identityOptions)).toThrow(
      'The templates hold no REST API.',
    );
  });

  test('with a function whose bundle is missing stops the start with the bundle', () => {
    const empty = { ...smallest, assetDirectory: () => undefined };

    expect(() => readDeployment(empty, identityOptions)).toThrow('Stack: Work has no bundle abc.zip');
  });
});

describe('a function that is invoked by its alias', () => {
  const ALIAS = {
    Newest: resource('AWS::Lambda::Version', { FunctionName: { Ref: 'Work' } }),
    Live: resource('AWS::Lambda::Alias', {
      FunctionName: { Ref: 'Work' },
      FunctionVersion: { 'Fn::GetAtt': ['Newest', 'Version'] },
      Name: 'live',
    }),
  };
  const invocations = {
    'Fn::Join': ['', ['arn:aws:apigateway::lambda:path/', { Ref: 'Live' }, '/invocations']],
  };
  const named = {
    'Fn::Join': ['', [{ 'Fn::Select': [6, { 'Fn::Split': [':', { Ref: 'Live' }] }] }, ':live']],
  };
  const changed = (
    logicalId: keyof typeof SMALLEST,
    properties: Readonly<Record<string, TemplateValue>>,
  ) => ({
    [logicalId]: resource(SMALLEST[logicalId]?.Type ?? '', {
      ...SMALLEST[logicalId]?.Properties,
      ...properties,
    }),
  });
  const deployment = readDeployment(
    assemblyOf(
      stackOf({
        ...SMALLEST,
        ...ALIAS,
        ...changed('Poller', { FunctionName: named }),
        ...changed('Hourly', { Targets: [{ Arn: { Ref: 'Live' }, Id: 'one' }] }),
        ...changed('GetThing', {
          Integration: { Type: 'AWS_PROXY', IntegrationHttpMethod: 'POST', Uri: invocations },
        }),
      }),
    ),
    identityOptions,
  );

  test('is the one that the queue feeds', () => {
    expect(deployment.eventSources[0]?.functionName).toBe('Stack-Work');
  });

  test('is the one that the route names, while the alias is what may be invoked', () => {
    expect(deployment.api.routes[0]).toMatchObject({
      functionName: 'Stack-Work',
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Stack-Work:live',
    });
  });

  test('is named by the schedule by its alias', () => {
    expect(deployment.schedules[0]?.functionArns).toEqual([
      'arn:aws:lambda:us-east-1:000000000000:function:Stack-Work:live',
    ]);
  });
});
