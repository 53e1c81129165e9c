import { describe, expect, test } from 'vitest';
import { STAGES } from '../../lib/index.ts';
import { CloudFormationSpecification } from '../support/cloudformation-specification.ts';
import { synthesized } from '../support/synthesized.ts';

const specification = new CloudFormationSpecification();

test.each(STAGES)('a template of %s conforms to CloudFormation’s specification', (stage) => {
  for (const template of synthesized(stage).templates.values())
    expect(specification.violationsOf(template.toJSON() as never)).toEqual([]);
});

describe('the check against the specification', () => {
  const QUEUE = { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } };
  const FUNCTION = {
    Type: 'AWS::Lambda::Function',
    Properties: { Code: { S3Key: 'a' }, Role: { 'Fn::GetAtt': ['Role', 'Arn'] } },
  };
  const ROLE = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } };

  test.each([
    ['a type that isn’t one', { Queue: { Type: 'AWS::SQS::Topic' } }, 'there is no type AWS::SQS::Topic'],
    ['a misspelt property', { Queue: { ...QUEUE, Properties: { Fifo: true } } }, 'there is no property Fifo'],
    [
      'a value of another type',
      { Queue: { ...QUEUE, Properties: { VisibilityTimeout: 'soon' } } },
      'Queue (AWS::SQS::Queue).VisibilityTimeout: "soon" is no integer',
    ],
    [
      'a fraction of a whole number',
      { Queue: { ...QUEUE, Properties: { VisibilityTimeout: 1.5 } } },
      '1.5 is no integer',
    ],
    ['a missing property', { Role: { ...ROLE, Properties: {} } }, 'AssumeRolePolicyDocument is missing'],
    [
      'a misspelt property within a property',
      { Role: ROLE, Function: { ...FUNCTION, Properties: { ...FUNCTION.Properties, Code: { Key: 'a' } } } },
      'Function (AWS::Lambda::Function).Code: there is no property Key',
    ],
    [
      'an object for a list',
      { Queue: { ...QUEUE, Properties: { Tags: { Key: 'a', Value: 'b' } } } },
      'is no array',
    ],
    [
      'a reference to nothing',
      { Queue: { ...QUEUE, Properties: { KmsMasterKeyId: { Ref: 'Key' } } } },
      'Ref Key names nothing',
    ],
    ['an attribute of nothing', { Function: FUNCTION }, 'Fn::GetAtt Role names nothing'],
    [
      'an attribute that there isn’t',
      { Role: ROLE, Queue: { ...QUEUE, Properties: { QueueName: { 'Fn::GetAtt': ['Role', 'Name'] } } } },
      'AWS::IAM::Role has no such attribute',
    ],
    ['a dependency on nothing', { Queue: { ...QUEUE, DependsOn: 'Role' } }, 'depends on Role'],
    ['a custom resource that nobody serves', { Own: { Type: 'Custom::Own' } }, 'ServiceToken is missing'],
  ])('refuses %s', (_, resources, message) => {
    expect(specification.violationsOf({ Resources: resources } as never).join('\n')).toContain(message);
  });

  test('takes a template without fault', () => {
    expect(
      specification.violationsOf({ Resources: { Queue: QUEUE, Role: ROLE, Function: FUNCTION } }),
    ).toEqual([]);
  });
});
