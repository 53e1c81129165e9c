import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { DUTIES, type Duty } from '../../adapters/database/set-up/logins.ts';
import { STAGES } from '../../lib/stage-config.ts';
import { type Statement, statementsOf } from '../support/iam-statements.ts';
import {
  type FunctionResource,
  functionsOf,
  resourcesOf,
  type Synthesized,
  synthesized,
} from '../support/synthesized.ts';
import { WILDCARD_EXCEPTIONS, type WildcardException } from './wildcard-exceptions.ts';

function hasWildcard(statement: Statement): boolean {
  return [...statement.actions, ...statement.resources].some((text) => /[*?]/.test(text));
}

function isExcepted(statement: Statement, exception: WildcardException): boolean {
  return (
    statement.effect === exception.effect &&
    (exception.heldByType === undefined || statement.heldByType === exception.heldByType) &&
    statement.actions.every((action) => exception.actions.includes(action)) &&
    statement.resources.every(
      (resource) =>
        resource.endsWith(exception.resourceEndsWith) &&
        // Nothing but that ending may be a wildcard.
        !/[*?]/.test(resource.slice(0, resource.length - exception.resourceEndsWith.length)),
    )
  );
}

/** What a function may do: `action on what`, sorted. */
function permissionsOf(template: Template, target: FunctionResource): readonly string[] {
  const [role] = (target.Properties.Role as { 'Fn::GetAtt': [string] })['Fn::GetAtt'];
  const { LogGroup: log } = target.Properties.LoggingConfig as { LogGroup: { Ref: string } };
  const policies = [...resourcesOf(template, 'AWS::IAM::Policy')]
    .filter(([, { Properties }]) => JSON.stringify(Properties.Roles) === JSON.stringify([{ Ref: role }]))
    .map(([logicalId]) => logicalId);
  return statementsOf(template)
    .filter(({ heldBy }) => policies.includes(heldBy))
    .flatMap(({ actions, resources, conditions }) =>
      actions.flatMap((action) =>
        resources.map((resource) => `${action} on ${nameOf(resource, log.Ref)}${via(conditions)}`),
      ),
    )
    .sort();
}

/** A key is used by a service in the function's name, and not otherwise. */
function via(conditions: readonly string[]): string {
  return conditions
    .map((text) => text.replace(/^StringEquals kms:ViaService (\w+)\.\{.*\}\.amazonaws\.com$/, ' for $1'))
    .join('');
}

/** A function with the template that it is in. */
function functionNamed({ pipeline, simulator }: Synthesized, name: string) {
  for (const template of [pipeline, ...(simulator === undefined ? [] : [simulator])]) {
    const target = functionsOf(template).get(name);
    if (target !== undefined) return { target, template };
  }
  throw new Error(`there is no function ${name}`);
}

const NAMES = [
  ['SecretAttachment', 'the master’s secret'],
  ...DUTIES.map(
    (duty) => [`DatabaseLogins${duty[0]?.toUpperCase()}${duty.slice(1)}`, `the secret to ${duty}`] as const,
  ),
  ['DatabaseCluster', 'the cluster'],
  ['QueueInstructions', 'the queue'],
  ['QueueDeadLetters', 'the dead letters'],
  ['FailedInvocations', 'the failed invocations'],
  ['ConsumedMessages', 'the consumed table'],
  ['Activity', 'the activity table'],
  ['/index/by-listing', 'the index of the simulator’s table'],
  ['Record', 'the simulator’s table'],
  ['SecretA720EF05', 'the simulator’s secret'],
  ['OutputFnGetAttKey', 'the key'],
] as const;

function nameOf(resource: string, ownLog: string): string {
  if (resource === `{${ownLog}}:*`) return 'its own log';
  return NAMES.find(([part]) => resource.includes(part))?.[1] ?? resource;
}

const OF_EVERY_FUNCTION = [
  'logs:CreateLogStream on its own log',
  'logs:PutLogEvents on its own log',
  'xray:PutTelemetryRecords on *',
  'xray:PutTraceSegments on *',
];
const statementsAs = (duty: Duty) => [
  'rds-data:ExecuteStatement on the cluster',
  `secretsmanager:GetSecretValue on the secret to ${duty}`,
  'kms:Decrypt on the key for secretsmanager',
];
const SECRETS = ['the master’s secret', ...DUTIES.map((duty) => `the secret to ${duty}`)];
const SEND = ['kms:Decrypt on the key for sqs', 'kms:GenerateDataKey on the key for sqs'];
const RECORD_FAILURES = ['sqs:SendMessage on the failed invocations', ...SEND];
const SIMULATOR_KEYS = [
  'secretsmanager:GetSecretValue on the simulator’s secret',
  'kms:Decrypt on the key for secretsmanager',
  'kms:Decrypt on the key for dynamodb',
];
const ACTIVITY = 'kms:Decrypt on the key for dynamodb';

describe.each(STAGES)('in %s', (stage) => {
  const templates = synthesized(stage);
  const all = [
    templates.data,
    templates.pipeline,
    ...(templates.simulator === undefined ? [] : [templates.simulator]),
  ];
  const statements = all.flatMap(statementsOf);
  const isDev = stage === 'dev';
  const simulatorSecret = stage === 'prod' ? [] : ['secretsmanager:GetSecretValue on the simulator’s secret'];

  test.each([
    ['authorize-merchant', statementsAs('authorize')],
    [
      'accept-payment',
      [
        ...statementsAs('accept'),
        'sqs:SendMessage on the queue',
        ...SEND,
        ...(isDev ? ['dynamodb:PutItem on the activity table', ACTIVITY] : []),
      ],
    ],
    ['read-payment', statementsAs('read')],
    ['read-ledger', statementsAs('read')],
    [
      'receive-event',
      [
        ...statementsAs('receive'),
        'sqs:SendMessage on the queue',
        ...SEND,
        ...simulatorSecret,
        ...(isDev ? ['dynamodb:PutItem on the activity table', ACTIVITY] : []),
      ],
    ],
    ['describe-api', []],
    [
      'execute-instructions',
      [
        ...statementsAs('execute'),
        'sqs:ReceiveMessage on the queue',
        'sqs:DeleteMessage on the queue',
        'sqs:GetQueueAttributes on the queue',
        'sqs:ChangeMessageVisibility on the queue',
        'sqs:SendMessage on the dead letters',
        'dynamodb:BatchGetItem on the consumed table',
        'dynamodb:BatchWriteItem on the consumed table',
        ...simulatorSecret,
        ...SEND,
        'kms:Decrypt on the key for dynamodb',
      ],
    ],
    [
      'relay-instructions',
      [
        ...statementsAs('relay'),
        'sqs:SendMessage on the queue',
        ...RECORD_FAILURES,
        ...(isDev
          ? [
              'dynamodb:PutItem on the activity table',
              'dynamodb:BatchGetItem on the activity table',
              ACTIVITY,
            ]
          : []),
      ],
    ],
    [
      'sweep-movements',
      [
        ...statementsAs('sweep'),
        'sqs:SendMessage on the queue',
        ...RECORD_FAILURES,
        ...simulatorSecret,
        ...(isDev ? ['dynamodb:BatchGetItem on the activity table', ACTIVITY] : []),
      ],
    ],
    [
      'measure-pipeline',
      [
        ...statementsAs('measure'),
        ...RECORD_FAILURES,
        ...(isDev ? ['dynamodb:BatchGetItem on the activity table', ACTIVITY] : []),
      ],
    ],
    [
      'redrive-dead-letters',
      [
        ...statementsAs('redrive'),
        'sqs:ReceiveMessage on the dead letters',
        'sqs:DeleteMessage on the dead letters',
        'sqs:ChangeMessageVisibility on the dead letters',
        'sqs:GetQueueAttributes on the dead letters',
        'sqs:SendMessage on the queue',
        'dynamodb:BatchGetItem on the consumed table',
        ...RECORD_FAILURES,
        'kms:Decrypt on the key for dynamodb',
      ],
    ],
    [
      'purge-expired',
      [
        ...statementsAs('purge'),
        ...RECORD_FAILURES,
        ...(isDev ? ['dynamodb:BatchGetItem on the activity table', ACTIVITY] : []),
      ],
    ],
    [
      'migrate-database',
      [
        'rds-data:ExecuteStatement on the cluster',
        'rds-data:BeginTransaction on the cluster',
        'rds-data:CommitTransaction on the cluster',
        'rds-data:RollbackTransaction on the cluster',
        ...SECRETS.map((secret) => `secretsmanager:GetSecretValue on ${secret}`),
        'kms:Decrypt on the key for secretsmanager',
      ],
    ],
    [
      'rotate-database-secret',
      [
        'rds-data:ExecuteStatement on the cluster',
        ...SECRETS.flatMap((secret) =>
          ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'].map(
            (action) => `secretsmanager:${action} on ${secret}`,
          ),
        ),
        'kms:Decrypt on the key for secretsmanager',
        'kms:GenerateDataKey on the key for secretsmanager',
      ],
    ],
  ])('%s has the grants that it needs and no others', (name, permissions) => {
    const { target, template } = functionNamed(templates, name);
    expect(permissionsOf(template, target)).toEqual([...OF_EVERY_FUNCTION, ...permissions].sort());
  });

  test.each(
    stage === 'prod'
      ? []
      : [
          [
            'simulate-psp',
            [
              'dynamodb:GetItem on the simulator’s table',
              'dynamodb:PutItem on the simulator’s table',
              'dynamodb:Query on the simulator’s table',
              'dynamodb:Query on the index of the simulator’s table',
              'dynamodb:UpdateItem on the simulator’s table',
              ...SIMULATOR_KEYS,
            ],
          ],
          [
            'control-simulator',
            [
              'dynamodb:GetItem on the simulator’s table',
              'dynamodb:PutItem on the simulator’s table',
              'dynamodb:Query on the simulator’s table',
              'dynamodb:Query on the index of the simulator’s table',
              ...SIMULATOR_KEYS,
            ],
          ],
        ],
  )('%s has the grants that it needs and no others', (name, permissions) => {
    const { target, template } = functionNamed(templates, name);
    expect(permissionsOf(template, target)).toEqual([...OF_EVERY_FUNCTION, ...permissions].sort());
  });

  test('no policy has a wildcard but the named exceptions', () => {
    const wild = statements.filter(hasWildcard);
    const refused = wild.filter(
      (statement) => !WILDCARD_EXCEPTIONS.some((exception) => isExcepted(statement, exception)),
    );
    expect(refused).toEqual([]);
  });

  test('every named exception is used', () => {
    const wild = statements.filter(hasWildcard);
    const unused = WILDCARD_EXCEPTIONS.filter(
      (exception) => !wild.some((statement) => isExcepted(statement, exception)),
    );
    expect(unused).toEqual([]);
  });

  test('no role has a managed policy, whose statements no template shows', () => {
    const roles = all.flatMap((template) => [...resourcesOf(template, 'AWS::IAM::Role').values()]);
    expect(roles.map(({ Properties }) => Properties.ManagedPolicyArns)).toEqual(roles.map(() => undefined));
  });

  test('no service can assume a role on behalf of another account', () => {
    const trusts = all
      .flatMap((template) => [...resourcesOf(template, 'AWS::IAM::Role').values()])
      .map(({ Properties }) => JSON.stringify(Properties.AssumeRolePolicyDocument))
      .filter((trust) => !trust.includes('"apigateway.amazonaws.com"'));
    for (const trust of trusts)
      expect(trust).toContain('"StringEquals":{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}');
    for (const service of ['lambda', 'vpc-flow-logs', 'codedeploy'])
      expect(trusts.some((trust) => trust.includes(`"${service}.amazonaws.com"`))).toBe(true);
  });

  test('only the services that need to may invoke a function, each from one place', () => {
    for (const permission of all.flatMap((template) => [
      ...resourcesOf(template, 'AWS::Lambda::Permission').values(),
    ])) {
      expect([
        'apigateway.amazonaws.com',
        'events.amazonaws.com',
        'lambda.alarms.cloudwatch.amazonaws.com',
        'secretsmanager.amazonaws.com',
      ]).toContain(permission.Properties.Principal);
      // Secrets Manager names no secret when it asks whether it may; the account is all that can be told.
      const isRotation = permission.Properties.Principal === 'secretsmanager.amazonaws.com';
      expect(permission.Properties[isRotation ? 'SourceAccount' : 'SourceArn']).toBeDefined();
    }
  });
});

describe('the check for wildcards', () => {
  const statement: Statement = {
    heldBy: 'Policy',
    heldByType: 'AWS::IAM::Policy',
    effect: 'Allow',
    actions: ['logs:PutLogEvents'],
    resources: ['{Log}:*'],
    conditions: [],
  };

  test.each([
    ['another action', { actions: ['logs:PutLogEvents', 'logs:DeleteLogGroup'] }],
    ['every action', { actions: ['*'] }],
    ['a wildcard in an action', { actions: ['logs:Put*'] }],
    ['every resource', { resources: ['*'] }],
    ['a wildcard elsewhere in the resource', { resources: ['arn:aws:logs:*:*:log-group:x:*'] }],
    ['a wildcard among several resources', { resources: ['{Log}:*', '*'] }],
    ['a single-dead letter wildcard', { resources: ['{Log}?:*'] }],
  ])('refuses %s', (_, change) => {
    const changed = { ...statement, ...change };
    expect(hasWildcard(changed)).toBe(true);
    expect(WILDCARD_EXCEPTIONS.some((exception) => isExcepted(changed, exception))).toBe(false);
  });

  test('takes a function’s own log streams', () => {
    expect(WILDCARD_EXCEPTIONS.some((exception) => isExcepted(statement, exception))).toBe(true);
  });
});
