import { describe, expect, test } from 'vitest';
import { UnknownPolicyError } from '../../../../local/iam/errors.ts';
import { TestAccess } from '../../../support/access.ts';

const STATEMENT = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' };

function start(change: Readonly<Record<string, unknown>>): void {
  new TestAccess({ identity: [{ ...STATEMENT, ...change }] });
}

describe('a statement with a part that is not evaluated', () => {
  test.each([
    ['NotAction', { NotAction: 'sqs:*' }],
    ['NotResource', { NotResource: '*' }],
    ['NotPrincipal', { NotPrincipal: { AWS: '*' } }],
    ['Effect', { Effect: 'Perhaps' }],
    ['Federated', { Principal: { Federated: 'cognito-identity.amazonaws.com' } }],
    [
      'the principal arn:aws:iam::111111111111:root',
      { Principal: { AWS: 'arn:aws:iam::111111111111:root' } },
    ],
    [
      'the condition operator DateGreaterThan',
      { Condition: { DateGreaterThan: { 'aws:CurrentTime': 'x' } } },
    ],
    [
      'the condition operator BoolIfExists',
      { Condition: { BoolIfExists: { 'aws:SecureTransport': 'true' } } },
    ],
    [
      'the condition key aws:PrincipalTag/team',
      { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'x' } } },
    ],
    ['the policy variable', { Resource: 'arn:aws:sqs:us-east-1:1:$' + '{aws:username}' }],
  ])('stops the start, naming who holds it and %s', (part, change) => {
    expect(() => start(change)).toThrow(UnknownPolicyError);
    expect(() => start(change)).toThrow('Stack: WorkRole');
    expect(() => start(change)).toThrow(part);
  });
});
