import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { DUTIES } from '../../adapters/database/set-up/logins.ts';
import { STAGES } from '../../lib/stage-config.ts';
import { aliasOf, functionsOf, only, resourcesOf, synthesized } from '../support/synthesized.ts';

const COMMON = ['STAGE', 'POWERTOOLS_SERVICE_NAME', 'POWERTOOLS_LOG_LEVEL'];
const ADDRESS = ['DATABASE_CLUSTER_ARN', 'DATABASE_NAME'];
const DATABASE = [...ADDRESS, 'DATABASE_SECRET_ARN'];
const EXECUTOR = ['QUEUE_URL', 'DEAD_LETTER_QUEUE_URL', 'CONSUMED_TABLE_NAME', 'RESTORE_EPOCH'];

describe.each(STAGES)('the pipeline of %s', (stage) => {
  const { pipeline, config } = synthesized(stage);
  const functions = functionsOf(pipeline);
  const activity = stage === 'dev' ? ['ACTIVITY_TABLE_NAME'] : [];

  test.each([
    ['authorize-merchant', ['TAKES_REAL_MONEY', ...DATABASE]],
    [
      'accept-payment',
      ['TAKES_REAL_MONEY', 'AMOUNT_CAPS', 'PSP_ADAPTERS', ...DATABASE, 'QUEUE_URL', ...activity],
    ],
    ['read-payment', DATABASE],
    ['read-ledger', DATABASE],
    ['receive-event', ['TAKES_REAL_MONEY', ...DATABASE, 'QUEUE_URL', ...activity, 'PSP_ACCOUNTS']],
    ['describe-api', []],
    ['execute-instructions', [...DATABASE, ...EXECUTOR, 'PSP_ACCOUNTS']],
    ['relay-instructions', [...DATABASE, 'QUEUE_URL', ...activity]],
    ['sweep-movements', [...DATABASE, 'QUEUE_URL', ...activity, 'PSP_ACCOUNTS']],
    ['measure-pipeline', [...DATABASE, ...activity]],
    ['redrive-dead-letters', [...DATABASE, ...EXECUTOR]],
    ['purge-expired', [...DATABASE, 'RETENTION_DAYS', ...activity]],
    ['migrate-database', [...ADDRESS, 'MASTER_SECRET_ARN', 'LOGIN_SECRET_ARNS']],
    ['rotate-database-secret', ADDRESS],
  ])('gives %s the variables it needs and no other', (name, variables) => {
    expect(Object.keys(functions.get(name)?.environment ?? {}).sort()).toEqual(
      [...COMMON, ...variables].sort(),
    );
  });

  test('has these fourteen functions', () => {
    expect(functions.size).toBe(14);
  });

  test('tells the functions whether they take real money', () => {
    for (const name of ['accept-payment', 'authorize-merchant', 'receive-event'])
      expect(functions.get(name)?.environment.TAKES_REAL_MONEY).toBe(String(stage === 'prod'));
  });

  test('runs every function, the CDK’s own included, on Node 24 and arm64, outside the VPC', () => {
    pipeline.allResourcesProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      VpcConfig: Match.absent(),
    });
  });

  test('gives every function a role and a log group of its own, kept as long as the stage says', () => {
    const all = [...resourcesOf(pipeline, 'AWS::Lambda::Function').values()];
    const distinct = (property: string) =>
      new Set(all.map(({ Properties }) => JSON.stringify(Properties[property]))).size;
    expect([distinct('Role'), distinct('LoggingConfig')]).toEqual([all.length, all.length]);
    pipeline.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: config.logRetention });
    // And one for the gateway, one for the firewall where there is one.
    pipeline.resourceCountIs('AWS::Logs::LogGroup', all.length + (config.firewall === undefined ? 1 : 2));
  });

  test('traces every request from the gateway on, and every function', () => {
    pipeline.hasResourceProperties('AWS::ApiGateway::Stage', { TracingEnabled: true });
    for (const [name, { Properties }] of functions)
      expect(Properties.TracingConfig, name).toEqual({ Mode: 'Active' });
  });

  test('executes batches of ten without a window, at most as many at once as configured', () => {
    const { Properties: mapping } = only(pipeline, 'AWS::Lambda::EventSourceMapping');
    expect(mapping).toEqual({
      BatchSize: 10,
      EventSourceArn: { 'Fn::ImportValue': expect.stringContaining('QueueInstructions') },
      FunctionName: { 'Fn::Join': ['', [expect.anything(), ':live']] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: config.executorConcurrency },
    });
    expect(JSON.stringify(mapping.FunctionName)).toContain(aliasOf(pipeline, 'execute-instructions'));
  });

  test('gives an execution a sixth of the time that its messages stay invisible', () => {
    const { data } = synthesized(stage);
    const timeout = Number(functions.get('execute-instructions')?.Properties.Timeout);
    const queues = [...resourcesOf(data, 'AWS::SQS::Queue').values()];
    for (const queue of queues.filter(({ Properties }) => Properties.FifoQueue)) {
      expect(Number(queue.Properties.VisibilityTimeout)).toBeGreaterThanOrEqual(6 * timeout);
    }
  });

  test('lets no function behind the API work longer than the gateway waits', () => {
    for (const name of [
      'authorize-merchant',
      'accept-payment',
      'read-payment',
      'read-ledger',
      'describe-api',
    ]) {
      expect(Number(functions.get(name)?.Properties.Timeout)).toBeLessThan(29);
    }
  });

  test('relays every minute', () => {
    pipeline.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [Match.objectLike({ Arn: { Ref: aliasOf(pipeline, 'relay-instructions') } })],
    });
  });

  test('redrives when the first dead letter arrives, and every five minutes', () => {
    const redrive = { Ref: aliasOf(pipeline, 'redrive-dead-letters') };
    pipeline.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
      AlarmActions: Match.arrayWith([redrive]),
    });
    pipeline.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(5 minutes)',
      Targets: [Match.objectLike({ Arn: redrive })],
    });
  });

  test('sweeps the lists of the PSPs every ten minutes', () => {
    pipeline.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(10 minutes)',
      Targets: [Match.objectLike({ Arn: { Ref: aliasOf(pipeline, 'sweep-movements') } })],
    });
  });

  const ofAlias = resourcesOf(pipeline, 'AWS::Lambda::EventInvokeConfig');

  test.each([
    ['relay-instructions', 60],
    ['sweep-movements', 600],
    ['measure-pipeline', 60],
    ['redrive-dead-letters', 300],
    ['purge-expired', 3_600],
  ])('repeats no failed run of %s but by its schedule, and keeps a record of it', (name, period) => {
    const { logicalId } = functions.get(name) ?? { logicalId: '' };
    const configs = [...ofAlias.values()].filter(({ Properties }) => refOf(Properties) === logicalId);
    expect(configs).toHaveLength(1);
    for (const { Properties, DependsOn } of configs) {
      // Of the alias, as which rules and alarms invoke it.
      expect(DependsOn).toContain(aliasOf(pipeline, name));
      expect(Properties).toEqual({
        FunctionName: { Ref: logicalId },
        Qualifier: 'live',
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: period,
        DestinationConfig: {
          OnFailure: { Destination: { 'Fn::ImportValue': expect.stringContaining('FailedInvocations') } },
        },
      });
    }
  });

  test('leaves no function that a rule or an alarm invokes to Lambda’s own retries', () => {
    const aliases = resourcesOf(pipeline, 'AWS::Lambda::Alias');
    const invoked = [...resourcesOf(pipeline, 'AWS::Lambda::Permission').values()]
      .filter(({ Properties }) => /^(events|lambda\.alarms\.cloudwatch)\./.test(String(Properties.Principal)))
      .map(({ Properties }) => refOf(aliases.get(refOf(Properties))?.Properties));
    expect(new Set(invoked)).toEqual(
      new Set([...ofAlias.values()].map(({ Properties }) => refOf(Properties))),
    );
  });

  test('migrates the database before any other function changes', () => {
    const [migrate] = resourcesOf(pipeline, 'Custom::Trigger').keys();
    for (const [name, { DependsOn }] of functions) {
      // What rotates passwords is asked to only once there are logins: its schedules wait.
      if (!['migrate-database', 'rotate-database-secret'].includes(name))
        expect(DependsOn, name).toContain(migrate);
    }
  });

  test('rotates every secret of the database each 30 days, and not before the logins are made', () => {
    const [migrate] = resourcesOf(pipeline, 'Custom::Trigger').keys();
    const schedules = [...resourcesOf(pipeline, 'AWS::SecretsManager::RotationSchedule').values()];
    expect(schedules).toHaveLength(1 + DUTIES.length);
    expect(new Set(schedules.map(({ Properties }) => JSON.stringify(Properties.SecretId))).size).toBe(
      1 + DUTIES.length,
    );
    for (const { Properties, DependsOn } of schedules) {
      expect(DependsOn).toContain(migrate);
      expect(Properties).toMatchObject({
        RotateImmediatelyOnUpdate: false,
        RotationRules: { AutomaticallyAfterDays: 30 },
      });
    }
  });

  test('migrates again whenever the migrating function changed', () => {
    const { Properties: trigger } = only(pipeline, 'Custom::Trigger');
    const [version] = [...resourcesOf(pipeline, 'AWS::Lambda::Version').keys()].filter((id) =>
      id.startsWith('MigrateDatabase'),
    );
    expect(trigger).toMatchObject({ HandlerArn: { Ref: version }, InvocationType: 'RequestResponse' });
  });

  test('outputs the addresses for operators', () => {
    for (const output of [
      'ApiUrl',
      'QueueUrl',
      'DeadLetterQueueUrl',
      'ConsumedTableName',
      'DatabaseClusterArn',
      'DatabaseName',
      'DatabaseSecretArn',
    ]) {
      pipeline.hasOutput(output, {});
    }
  });
});

describe.each(STAGES)('a deployment of %s', (stage) => {
  const { pipeline, config } = synthesized(stage);
  const groups = resourcesOf(pipeline, 'AWS::CodeDeploy::DeploymentGroup');
  const ROLLED_OUT = [
    'accept-payment',
    'authorize-merchant',
    'describe-api',
    'execute-instructions',
    'read-ledger',
    'read-payment',
    'receive-event',
  ];

  test('moves the aliases of functions that buyers notice at the stage’s pace', () => {
    const pace = {
      'all-at-once': 'CodeDeployDefault.LambdaAllAtOnce',
      'a-tenth-for-5-minutes': 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
      'a-tenth-for-15-minutes': 'CodeDeployDefault.LambdaCanary10Percent15Minutes',
      'at-once-without-alarms': undefined,
    }[config.rollOut];
    expect([...groups.values()].map(({ Properties }) => Properties.DeploymentConfigName)).toEqual(
      ROLLED_OUT.map(() => pace),
    );
    for (const name of ROLLED_OUT) {
      const { UpdatePolicy, DependsOn } = resourcesOf(pipeline).get(aliasOf(pipeline, name)) as never as {
        DependsOn: readonly string[];
        UpdatePolicy: { CodeDeployLambdaAliasUpdate: { DeploymentGroupName: { Ref: string } } };
      };
      const group = UpdatePolicy.CodeDeployLambdaAliasUpdate.DeploymentGroupName.Ref;
      expect(groups.has(group)).toBe(true);
      expect(DependsOn).toContain(group);
    }
  });

  test('is rolled back when the API or the executor fails', () => {
    const names = [`Oncepay-${stage}-api-errors`, `Oncepay-${stage}-executor-errors`];
    const alarms = [...resourcesOf(pipeline, 'AWS::CloudWatch::Alarm')]
      .filter(([, { Properties }]) => names.includes(String(Properties.AlarmName)))
      .map(([logicalId]) => ({ Name: { Ref: logicalId } }));
    expect(alarms).toHaveLength(2);
    for (const { Properties } of groups.values()) {
      const { Alarms, Enabled } = Properties.AlarmConfiguration as { Alarms: object[]; Enabled: boolean };
      expect(Enabled).toBe(true);
      expect(Alarms).toHaveLength(2);
      expect(Alarms).toEqual(expect.arrayContaining(alarms));
      expect(Properties.AutoRollbackConfiguration).toMatchObject({
        Enabled: true,
        Events: expect.arrayContaining(['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM']),
      });
    }
  });

  test('moves an alias only once the migrations have succeeded', () => {
    const [migrate] = resourcesOf(pipeline, 'Custom::Trigger').keys();
    const aliases = resourcesOf(pipeline, 'AWS::Lambda::Alias');
    expect(aliases.size).toBeGreaterThanOrEqual(10);
    for (const [logicalId, { DependsOn }] of aliases) expect(DependsOn, logicalId).toContain(migrate);
  });

  test('keeps previous versions only where money moves', () => {
    const policies = [...resourcesOf(pipeline, 'AWS::Lambda::Version').values()].map(
      ({ DeletionPolicy }) => DeletionPolicy ?? 'Delete',
    );
    expect(new Set(policies)).toEqual(new Set([stage === 'prod' ? 'Retain' : 'Delete']));
  });

  test('lets services invoke aliases, never the functions behind them', () => {
    const ofFunctions = [...resourcesOf(pipeline, 'AWS::Lambda::Permission').values()].filter(
      ({ Properties }) =>
        Properties.Principal !== 'secretsmanager.amazonaws.com' &&
        !resourcesOf(pipeline, 'AWS::Lambda::Alias').has((Properties.FunctionName as { Ref: string }).Ref),
    );
    expect(ofFunctions).toEqual([]);
  });
});

/** The logical id that `FunctionName` refers to. */
function refOf(properties: Readonly<Record<string, unknown>> | undefined): string {
  return (properties?.FunctionName as { Ref: string } | undefined)?.Ref ?? '';
}
