import { describe, expect, test } from 'vitest';
import { servicePrincipal } from '../../../../local/iam/principal.ts';
import { ORIGIN_HEADER } from '../../../../local/service-access.ts';
import { ACCOUNT, ROLE, signedBy, TestAccess } from '../../../support/access.ts';

const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:orders.fifo`;
const OTHER_QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:others.fifo`;
const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/one`;
const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:work`;

const allowSend = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: QUEUE };
const EVERYBODY = { AWS: '*' };

describe('a function’s request', () => {
  test('is allowed by a statement of its role that names action and resource', () => {
    expect(new TestAccess({ identity: [allowSend] }).asks('sqs:SendMessage', QUEUE)).toBeUndefined();
  });

  test('is refused without one, in AWS’s words', () => {
    expect(new TestAccess({ identity: [] }).asks('sqs:SendMessage', QUEUE)).toBe(
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/WorkRole/work is not authorized to perform: sqs:SendMessage on resource: ${QUEUE} because no identity-based policy allows the sqs:SendMessage action`,
    );
  });

  test('that is refused is logged in one line that names function, role, action and resource', () => {
    const access = new TestAccess({ identity: [] });

    access.asks('sqs:SendMessage', QUEUE);

    expect(access.refusals).toEqual([`work (${ROLE}) lacks the grant sqs:SendMessage on ${QUEUE}`]);
  });

  test.each([
    ['another action', 'sqs:DeleteMessage', QUEUE],
    ['another resource', 'sqs:SendMessage', OTHER_QUEUE],
    ['an action that only begins alike', 'sqs:SendMessageBatch', QUEUE],
  ])('is refused for %s', (_, action, resource) => {
    expect(new TestAccess({ identity: [allowSend] }).asks(action, resource)).toBeDefined();
  });

  test.each([
    ['an action in another case', { Action: 'SQS:sendmessage' }],
    ['a prefix of actions', { Action: 'sqs:Send*' }],
    ['one of several actions', { Action: ['sqs:DeleteMessage', 'sqs:SendMessage'] }],
    ['a prefix of resources', { Resource: `arn:aws:sqs:us-east-1:${ACCOUNT}:*` }],
    ['a single-dead letter wildcard', { Resource: QUEUE.replace('orders', 'order?') }],
    ['one of several resources', { Resource: [OTHER_QUEUE, QUEUE] }],
    ['every action on everything', { Action: '*', Resource: '*' }],
  ])('is allowed by %s', (_, change) => {
    const access = new TestAccess({ identity: [{ ...allowSend, ...change }] });

    expect(access.asks('sqs:SendMessage', QUEUE)).toBeUndefined();
  });

  test('is refused where its role denies, whatever allows', () => {
    const deny = { Effect: 'Deny', Action: 'sqs:*', Resource: '*' };
    const resources = { [QUEUE]: [{ ...allowSend, Principal: { AWS: ROLE } }] };

    expect(
      new TestAccess({ identity: [allowSend, deny], resources }).asks('sqs:SendMessage', QUEUE),
    ).toContain('with an explicit deny in an identity-based policy');
  });

  test('is refused where the resource’s policy denies everybody', () => {
    const resources = {
      [QUEUE]: [{ Effect: 'Deny', Action: 'sqs:*', Resource: QUEUE, Principal: EVERYBODY }],
    };

    expect(new TestAccess({ identity: [allowSend], resources }).asks('sqs:SendMessage', QUEUE)).toContain(
      'with an explicit deny in a resource-based policy',
    );
  });

  test('counts as sent over TLS: a denial of what is not does not concern it', () => {
    const tlsOnly = {
      Effect: 'Deny',
      Action: 'sqs:*',
      Resource: QUEUE,
      Principal: EVERYBODY,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    };

    expect(
      new TestAccess({ identity: [allowSend], resources: { [QUEUE]: [tlsOnly] } }).asks(
        'sqs:SendMessage',
        QUEUE,
      ),
    ).toBeUndefined();
  });

  test('is allowed by the resource’s policy alone', () => {
    const resources = { [QUEUE]: [{ ...allowSend, Principal: { AWS: ROLE } }] };

    expect(new TestAccess({ resources }).asks('sqs:SendMessage', QUEUE)).toBeUndefined();
  });

  test('is not allowed by a resource’s policy for its account, which leaves it to the account', () => {
    const resources = { [QUEUE]: [{ ...allowSend, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }] };

    expect(new TestAccess({ resources }).asks('sqs:SendMessage', QUEUE)).toBeDefined();
  });

  test('with credentials that it made up is refused', () => {
    const { access, refusals } = new TestAccess({ identity: [allowSend] });

    const refusal = access.refuse({ ...signedBy('Somebody'), [ORIGIN_HEADER]: 'Work' }, [
      { action: 'sqs:SendMessage', resource: QUEUE },
    ]);

    expect(refusal?.kind).toBe('unknown_credentials');
    expect(refusals).toEqual(['Work uses credentials that are not its role’s: Somebody']);
  });

  test('is evaluated again without a cached decision, and from the cache with one', () => {
    const access = new TestAccess({ identity: [allowSend] });

    for (let times = 0; times < 3; times += 1) access.asks('sqs:SendMessage', QUEUE);

    expect(access.used).toHaveLength(1);
  });
});

describe('a request with any other credentials', () => {
  test('is an administrator’s', () => {
    expect(new TestAccess({}).asks('sqs:PurgeQueue', QUEUE, 'developer')).toBeUndefined();
  });

  test('is refused where a resource’s policy denies everybody', () => {
    const resources = {
      [QUEUE]: [{ Effect: 'Deny', Action: 'sqs:*', Resource: QUEUE, Principal: EVERYBODY }],
    };

    expect(new TestAccess({ resources }).asks('sqs:SendMessage', QUEUE, 'developer')).toBeDefined();
  });
});

describe('a request on an encrypted queue', () => {
  const delegation = {
    Effect: 'Allow',
    Action: 'kms:*',
    Resource: '*',
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  };
  const useKey = { Effect: 'Allow', Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: KEY };
  const keys = { [QUEUE]: KEY };

  test('is allowed where the key’s policy leaves it to the account, and the role allows', () => {
    const access = new TestAccess({
      identity: [allowSend, useKey],
      resources: { [KEY]: [delegation] },
      keys,
    });

    expect(access.asks('sqs:SendMessage', QUEUE)).toBeUndefined();
  });

  test('is allowed where the key’s policy names the role', () => {
    const ofRole = { ...useKey, Resource: '*', Principal: { AWS: ROLE } };
    const access = new TestAccess({ identity: [allowSend], resources: { [KEY]: [ofRole] }, keys });

    expect(access.asks('sqs:SendMessage', QUEUE)).toBeUndefined();
  });

  test('is refused where the role may send and not use the key', () => {
    const access = new TestAccess({ identity: [allowSend], resources: { [KEY]: [delegation] }, keys });

    expect(access.asks('sqs:SendMessage', QUEUE)).toContain(
      `kms:GenerateDataKey on resource: ${KEY} because no identity-based policy`,
    );
  });

  test('is refused if the role may use the key but the key’s policy delegates to nobody', () => {
    const access = new TestAccess({ identity: [allowSend, useKey], resources: { [KEY]: [] }, keys });

    expect(access.asks('sqs:SendMessage', QUEUE)).toContain('because no resource-based policy');
  });

  test.each([
    ['sqs', undefined],
    ['dynamodb', expect.stringContaining('kms:GenerateDataKey')],
  ])('uses the key by way of the queue alone: a condition on %s', (service, outcome) => {
    const viaService = {
      ...useKey,
      Condition: { StringEquals: { 'kms:ViaService': `${service}.us-east-1.amazonaws.com` } },
    };
    const access = new TestAccess({
      identity: [allowSend, viaService],
      resources: { [KEY]: [delegation] },
      keys,
    });

    expect(access.asks('sqs:SendMessage', QUEUE)).toEqual(outcome);
  });
});

describe('a service that invokes a function', () => {
  const events = 'events.amazonaws.com';
  const rule = `arn:aws:events:us-east-1:${ACCOUNT}:rule/minute`;
  const permission = {
    Effect: 'Allow',
    Action: 'lambda:InvokeFunction',
    Resource: FUNCTION,
    Principal: { Service: events },
    Condition: { ArnLike: { 'aws:SourceArn': rule } },
  };

  function invokes(service: string, sourceArn: string): boolean {
    const { access } = new TestAccess({ resources: { [FUNCTION]: [permission] } });
    const context = { 'aws:sourcearn': sourceArn, 'aws:sourceaccount': ACCOUNT };
    const need = { action: 'lambda:InvokeFunction', resource: FUNCTION, context };
    return access.refused(servicePrincipal(service), need) === undefined;
  }

  test('is allowed if the function’s policy names it and its source', () => {
    expect(invokes(events, rule)).toBe(true);
  });

  test('may not on behalf of another', () => {
    expect(invokes(events, `${rule}s`)).toBe(false);
  });

  test('may not where the policy names another service', () => {
    expect(invokes('apigateway.amazonaws.com', rule)).toBe(false);
  });
});

describe('what is used', () => {
  test('is the grant that decided: who holds it, its action and its resource as they are written', () => {
    const access = new TestAccess({ identity: [{ ...allowSend, Action: ['sqs:Get*', 'sqs:Send*'] }] });

    access.asks('sqs:SendMessage', QUEUE);

    expect(access.used).toEqual([
      {
        holder: 'WorkRole',
        principal: undefined,
        action: 'sqs:Send*',
        resource: QUEUE,
        condition: undefined,
      },
    ]);
  });

  test('is one grant where two statements hold the same: the second is in vain', () => {
    const access = new TestAccess({ identity: [allowSend, { ...allowSend, Action: 'sqs:*' }] });

    access.asks('sqs:SendMessage', QUEUE);

    expect(access.used.map(({ action }) => action)).toEqual(['sqs:SendMessage']);
  });

  test('is one of all: every action on every resource of every statement that allows', () => {
    const { access } = new TestAccess({
      identity: [
        { ...allowSend, Action: ['sqs:SendMessage', 'sqs:DeleteMessage'], Resource: [QUEUE, OTHER_QUEUE] },
        { Effect: 'Deny', Action: 'sqs:*', Resource: '*' },
      ],
    });

    expect(access.grants()).toHaveLength(4);
  });
});
