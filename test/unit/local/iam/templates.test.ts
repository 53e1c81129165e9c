/** What a template without one of its grants comes to: the smallest template that runs, tampered with. */
import { describe, expect, test } from 'vitest';
import { Access } from '../../../../local/iam/access.ts';
import { ServiceRoles } from '../../../../local/iam/service-roles.ts';
import { readAccessRules } from '../../../../local/template/access-rules.ts';
import type { Resource } from '../../../../local/template/assembly.ts';
import { readDeployment } from '../../../../local/template/deployment.ts';
import { ACCOUNT, signedBy } from '../../../support/access.ts';
import {
  assemblyOf,
  identityOptions,
  policy,
  resource,
  SMALLEST,
  stackOf,
} from '../../../support/templates.ts';

const GROUP = `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:Stack-Log:*`;
const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:Stack-Orders.fifo`;
const WORK = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:Stack-Work`;
const RULE = `arn:aws:events:us-east-1:${ACCOUNT}:rule/Stack-Hourly`;

const rolePolicy = (Action: readonly string[], Resource: string) =>
  resource('AWS::IAM::Policy', {
    PolicyName: 'Grants',
    Roles: [{ Ref: 'WorkRole' }],
    PolicyDocument: policy({ Effect: 'Allow', Action, Resource }),
  });

/** All that the smallest template needs to be deployed and to run. */
const GRANTED: Readonly<Record<string, Resource>> = {
  ...SMALLEST,
  Log: resource('AWS::Logs::LogGroup'),
  Work: {
    ...(SMALLEST.Work as Resource),
    Properties: { ...SMALLEST.Work?.Properties, LoggingConfig: { LogGroup: { Ref: 'Log' } } },
  },
  LogGrants: rolePolicy(['logs:CreateLogStream', 'logs:PutLogEvents'], GROUP),
  QueueGrants: rolePolicy(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], QUEUE),
  Hours: resource('AWS::Lambda::Permission', {
    Action: 'lambda:InvokeFunction',
    FunctionName: { Ref: 'Work' },
    Principal: 'events.amazonaws.com',
    SourceArn: { 'Fn::GetAtt': ['Hourly', 'Arn'] },
  }),
};

function start(resources: Readonly<Record<string, Resource>>) {
  const assembly = assemblyOf(stackOf(resources));
  const rules = readAccessRules(assembly, identityOptions);
  const refusals: string[] = [];
  const access = new Access({ rules, onUsed: () => {}, onRefused: (line) => refusals.push(line) });
  const deployment = readDeployment(assembly, identityOptions);
  return { access, roles: new ServiceRoles(access, rules), deployment, refusals };
}

function without(name: string): Readonly<Record<string, Resource>> {
  return Object.fromEntries(Object.entries(GRANTED).filter(([key]) => key !== name));
}

describe('a deployment', () => {
  test('with all its grants is not refused', () => {
    const { roles, deployment } = start(GRANTED);

    expect(() => roles.assertDeployable(deployment)).not.toThrow();
  });

  test('whose event source can’t read its queue is refused with the missing grant', () => {
    const { roles, deployment } = start(without('QueueGrants'));

    expect(() => roles.assertDeployable(deployment)).toThrow(
      `AWS would refuse the deployment: Stack-Work (arn:aws:iam::${ACCOUNT}:role/Stack-WorkRole) lacks the grant sqs:ReceiveMessage on ${QUEUE}`,
    );
  });

  test('whose function can’t send the record of a failed event is refused with the missing grant', () => {
    const Failed = resource('AWS::SQS::Queue');
    const Invocations = resource('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: 'Work' },
      Qualifier: 'live',
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failed', 'Arn'] } } },
    });
    const { roles, deployment } = start({ ...GRANTED, Failed, Invocations });

    expect(() => roles.assertDeployable(deployment)).toThrow(
      'lacks the grant sqs:SendMessage on arn:aws:sqs:us-east-1:000000000000:Stack-Failed',
    );
  });

  test('whose function’s role is for another service is refused', () => {
    const AssumeRolePolicyDocument = policy({
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { Service: 'ec2.amazonaws.com' },
    });
    const WorkRole = resource('AWS::IAM::Role', { AssumeRolePolicyDocument });
    const { roles, deployment } = start({ ...GRANTED, WorkRole });

    expect(() => roles.assertDeployable(deployment)).toThrow(
      'lambda.amazonaws.com lacks the grant sts:AssumeRole in the policy of',
    );
  });

  test('whose log is encrypted with a key that CloudWatch Logs may not use is refused', () => {
    const KeyPolicy = policy({
      Effect: 'Allow',
      Action: 'kms:*',
      Resource: '*',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    });
    const Log = resource('AWS::Logs::LogGroup', { KmsKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } });
    const { roles, deployment } = start({ ...GRANTED, Log, Key: resource('AWS::KMS::Key', { KeyPolicy }) });

    expect(() => roles.assertDeployable(deployment)).toThrow(
      'logs.us-east-1.amazonaws.com lacks the grant kms:Encrypt',
    );
  });
});

describe('a function', () => {
  test('writes its log by its grants', () => {
    expect(start(GRANTED).roles.mayLog('Stack-Work')).toBe(true);
  });

  test('loses its log without them, which is reported', () => {
    const { roles, refusals } = start(without('LogGrants'));

    expect(roles.mayLog('Stack-Work')).toBe(false);
    expect(refusals).toEqual([expect.stringContaining('lacks the grant logs:CreateLogStream')]);
  });

  test('is invoked by the rule that its policy names', () => {
    expect(start(GRANTED).roles.mayInvoke('events.amazonaws.com', WORK, RULE)).toBe(true);
  });

  test('is not invoked without a permission, which is reported with the caller and the policy', () => {
    const { roles, refusals } = start(without('Hours'));

    expect(roles.mayInvoke('events.amazonaws.com', WORK, RULE)).toBe(false);
    expect(refusals).toEqual([
      `events.amazonaws.com lacks the grant lambda:InvokeFunction in the policy of ${WORK}`,
    ]);
  });

  test('asks with the access key that is its logical id', () => {
    const need = [{ action: 'sqs:PurgeQueue', resource: QUEUE }];

    expect(start(GRANTED).access.refuse(signedBy('Work'), need)?.kind).toBe('denied');
  });
});

describe('an alarm’s topic', () => {
  const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:Stack-Alarms`;
  const CLOUDWATCH = { Service: 'cloudwatch.amazonaws.com' };
  const mayPublish = (alarm: string, keyActions: readonly string[]) => {
    const statement = {
      Effect: 'Allow',
      Principal: CLOUDWATCH,
      Action: 'sns:Publish',
      Resource: { Ref: 'Alarms' },
      Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:ours-*` } },
    };
    const KeyPolicy = policy({ ...statement, Action: keyActions, Resource: '*' });
    const { roles, refusals } = start({
      ...GRANTED,
      Key: resource('AWS::KMS::Key', { KeyPolicy }),
      Alarms: resource('AWS::SNS::Topic', { KmsMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } }),
      Policy: resource('AWS::SNS::TopicPolicy', {
        Topics: [{ Ref: 'Alarms' }],
        PolicyDocument: policy(statement),
      }),
    });
    const may = roles.mayPublish(TOPIC, `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:${alarm}`);
    return [may, refusals];
  };

  test('is published to by the alarms that its policy and its key’s name', () => {
    expect(mayPublish('ours-slow', ['kms:GenerateDataKey*', 'kms:Decrypt'])).toEqual([true, []]);
  });

  test('is not published to by another alarm', () => {
    expect(mayPublish('theirs', ['kms:GenerateDataKey*', 'kms:Decrypt'])).toEqual([
      false,
      [expect.stringContaining('cloudwatch.amazonaws.com lacks the grant sns:Publish')],
    ]);
  });

  test('is not published to where the key is not CloudWatch’s to use', () => {
    expect(mayPublish('ours-slow', ['kms:Decrypt'])).toEqual([
      false,
      [expect.stringContaining('cloudwatch.amazonaws.com lacks the grant kms:GenerateDataKey')],
    ]);
  });
});

test('a role with a managed policy, whose statements no template shows, stops the start', () => {
  const WorkRole = {
    ...(GRANTED.WorkRole as Resource),
    Properties: { ...GRANTED.WorkRole?.Properties, ManagedPolicyArns: ['arn:aws:iam::aws:policy/X'] },
  };

  expect(() => start({ ...GRANTED, WorkRole })).toThrow(/^Stack: WorkRole .* ManagedPolicyArns/);
});
