// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are those of Fn::Sub.
import { describe, expect, test } from 'vitest';
import type { Stack, TemplateValue } from '../../../../local/template/assembly.ts';
import { UnresolvableError } from '../../../../local/template/errors.ts';
import { Resolver } from '../../../../local/template/resolver.ts';
import { resource, stackOf } from '../../../support/templates.ts';

const own = stackOf(
  { Queue: resource('Q'), Strange: resource('Unknown') },
  {
    Parameters: { Given: { Default: 'g' }, Asked: {} },
    Mappings: { Sizes: { 'us-east-1': { small: 3 } } },
    Conditions: {
      Yes: { 'Fn::Equals': [{ Ref: 'Given' }, 'g'] },
      No: { 'Fn::Not': [{ Condition: 'Yes' }] },
      Both: { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] },
      Either: { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] },
      Odd: { 'Fn::Xor': [{ Condition: 'Yes' }] },
    },
  },
  'Own',
);

const other = stackOf(
  { Table: resource('T') },
  {
    Conditions: { Never: { 'Fn::Equals': [1, 2] } },
    Outputs: {
      Table: {
        Value: { 'Fn::GetAtt': ['Table', 'Arn'] },
        Export: { Name: { 'Fn::Sub': '${AWS::StackName}:Table' } },
      },
      Left: { Value: 'x', Export: { Name: 'left-out' }, Condition: 'Never' },
    },
  },
  'Other',
);

const resolver = new Resolver({
  stacks: [own, other],
  accountId: '000000000000',
  region: 'us-east-1',
  identityOf: (_stack: Stack, logicalId, { Type }) =>
    Type === 'Unknown' ? undefined : { ref: `ref-${logicalId}`, attributes: { Arn: `arn-${logicalId}` } },
});

const resolve = (value: TemplateValue) => resolver.resolve(own, value);

describe('an intrinsic function', () => {
  const cases: readonly (readonly [string, TemplateValue, TemplateValue])[] = [
    ['Ref of a resource', { Ref: 'Queue' }, 'ref-Queue'],
    ['Ref of a parameter', { Ref: 'Given' }, 'g'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['Fn::GetAtt of a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn-Queue'],
    ['Fn::GetAtt of a text', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn-Queue'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'Queue' }, 1]] }, 'a-ref-Queue-1'],
    [
      'Fn::Sub of a text',
      { 'Fn::Sub': '${AWS::AccountId}/${Queue}/${Queue.Arn}' },
      '000000000000/ref-Queue/arn-Queue',
    ],
    [
      'Fn::Sub with values of its own',
      { 'Fn::Sub': ['${Mine}/${Queue}', { Mine: { Ref: 'Given' } }] },
      'g/ref-Queue',
    ],
    ['Fn::Sub with an escaped name', { 'Fn::Sub': '${!Queue}' }, '${Queue}'],
    ['Fn::ImportValue', { 'Fn::ImportValue': 'Other:Table' }, 'arn-Table'],
    ['Fn::ImportValue of a computed name', { 'Fn::ImportValue': { 'Fn::Sub': 'Other:Table' } }, 'arn-Table'],
    ['Fn::Select', { 'Fn::Select': [1, ['a', 'b']] }, 'b'],
    ['Fn::Select of Fn::Split', { 'Fn::Select': ['2', { 'Fn::Split': ['/', 'a/b/c'] }] }, 'c'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, 'small'] }, 3],
    ['Fn::Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['Fn::If whose condition is met', { 'Fn::If': ['Yes', { Ref: 'Queue' }, 'no'] }, 'ref-Queue'],
    ['Fn::If whose condition is not met', { 'Fn::If': ['No', 'yes', 'no'] }, 'no'],
    ['Fn::If of Fn::And', { 'Fn::If': ['Both', 'yes', 'no'] }, 'no'],
    ['Fn::If of Fn::Or', { 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
  ];

  test.each(cases)('%s is resolved', (_name, value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  test('is resolved in the depth of lists and objects', () => {
    expect(resolve({ a: [{ b: { Ref: 'Given' } }, true, null] })).toEqual({ a: [{ b: 'g' }, true, null] });
  });

  test('leaves AWS::NoValue out of its object', () => {
    expect(resolve({ a: 1, b: { Ref: 'AWS::NoValue' } })).toEqual({ a: 1 });
  });

  test('leaves AWS::NoValue out of its list', () => {
    expect(resolve([1, { 'Fn::If': ['No', 2, { Ref: 'AWS::NoValue' }] }, 3])).toEqual([1, 3]);
  });

  test('is recognized only alone in its object: the same key beside others is an ordinary key', () => {
    expect(resolve({ Ref: 'Queue', More: 1 })).toEqual({ Ref: 'Queue', More: 1 });
  });
});

describe('an unknown value is refused by name', () => {
  const cases: readonly (readonly [string, TemplateValue, string])[] = [
    ['an unknown intrinsic function', { 'Fn::Cidr': ['10.0.0.0/16', 2, 8] }, 'Fn::Cidr'],
    ['an unknown one in the depth', { a: ['b', { 'Fn::Join': ['', [{ 'Fn::GetAZs': '' }]] }] }, 'Fn::GetAZs'],
    ['a Ref of nothing', { Ref: 'Nobody' }, 'Nobody'],
    ['a resource of which nothing is known', { Ref: 'Strange' }, 'Strange (Unknown)'],
    ['an attribute of which nothing is known', { 'Fn::GetAtt': ['Queue', 'Colour'] }, 'Colour of Queue'],
    ['a name of nothing in Fn::Sub', { 'Fn::Sub': 'a ${Nobody}' }, 'Nobody'],
    ['a parameter without default', { Ref: 'Asked' }, 'Asked'],
    ['an import that no stack exports', { 'Fn::ImportValue': 'Other:Chair' }, 'Other:Chair'],
    ['an export whose condition is not met', { 'Fn::ImportValue': 'left-out' }, 'left-out'],
    ['a place in a mapping that is empty', { 'Fn::FindInMap': ['Sizes', 'us-east-1', 'huge'] }, 'huge'],
    ['a selection past the end', { 'Fn::Select': [2, ['a', 'b']] }, 'selects nothing'],
    ['a condition that is not there', { 'Fn::If': ['Maybe', 1, 2] }, 'Maybe'],
    ['an unknown function in a condition', { 'Fn::If': ['Odd', 1, 2] }, 'Fn::Xor'],
  ];

  test.each(cases)('%s', (_name, value, named) => {
    expect(() => resolve(value)).toThrow(UnresolvableError);
    expect(() => resolve(value)).toThrow(named);
  });

  test('with the name of its stack', () => {
    expect(() => resolver.resolve(other, { Ref: 'Nobody' })).toThrow(/^Other: /);
  });
});
