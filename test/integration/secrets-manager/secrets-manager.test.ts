import { randomUUID } from 'node:crypto';
import {
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  RotateSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../local/clock.ts';
import {
  aSecret,
  type SecretsManagerInTest,
  startSecretsManagerInTest,
} from '../../support/secrets-manager.ts';

const clock = new VirtualClock(1_700_000_000_000);
const ROTATED = aSecret('rotated', { rotationFunctionArn: 'arn:aws:lambda:us-east-1:0:function:rotate' });
const LOGIN = aSecret('login', {
  generate: {
    template: '{"username":"oncepay_read_a"}',
    key: 'password',
    rules: { length: 24, excludeCharacters: 'abc', excludePunctuation: true },
  },
});
/** One for each test: what one writes another must not find. */
const PLAIN = Array.from({ length: 40 }, (_, index) => aSecret(`plain-${index}`));
let rotate: (step: string) => Promise<void>;
let secrets: SecretsManagerInTest;
let client: SecretsManagerClient;
let SecretId: string;

beforeAll(async () => {
  secrets = await startSecretsManagerInTest({
    clock,
    secrets: [ROTATED, LOGIN, ...PLAIN],
    rotate: ({ Step }) => rotate(Step),
  });
  ({ client } = secrets);
});
beforeEach(() => {
  rotate = async () => {};
  SecretId = PLAIN.shift()?.arn ?? '';
});
afterAll(() => secrets.close());

const put = (SecretString: string, more: { ClientRequestToken?: string; VersionStages?: string[] } = {}) =>
  client.send(new PutSecretValueCommand({ SecretId, SecretString, ...more }));
const get = (more: { VersionId?: string; VersionStage?: string } = {}) =>
  client.send(new GetSecretValueCommand({ SecretId, ...more }));

describe('a secret of the templates', () => {
  test('holds a password by its rules when it is made', async () => {
    const { SecretString } = await get();
    expect(SecretString).toMatch(/^[A-Za-z0-9]{40}$/);
  });

  test('holds the password under its key, in the JSON of the template', async () => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: LOGIN.arn }));
    expect(JSON.parse(SecretString ?? '')).toEqual({
      username: 'oncepay_read_a',
      password: expect.stringMatching(/^[A-Zd-z0-9]{24}$/),
    });
  });

  test('is found by its name as by its ARN', async () => {
    const { ARN } = await client.send(new GetSecretValueCommand({ SecretId: LOGIN.name }));
    expect(ARN).toBe(LOGIN.arn);
  });

  test('is there after a restart, with what was put into it', async () => {
    await put('kept');
    const again = await startSecretsManagerInTest({
      clock,
      secrets: [ROTATED, LOGIN],
      directory: secrets.directory,
    });
    const { SecretString } = await again.client.send(new GetSecretValueCommand({ SecretId }));
    await again.close();
    expect(SecretString).toBe('kept');
  });
});

describe('PutSecretValue', () => {
  test('makes a version that is current at once, and keeps the one before as previous', async () => {
    await put('first');
    const { VersionId, VersionStages } = await put('second');
    expect(VersionStages).toEqual(['AWSCURRENT']);
    expect(await get()).toMatchObject({ SecretString: 'second', VersionId, VersionStages: ['AWSCURRENT'] });
    expect(await get({ VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'first' });
  });

  test('makes a pending version beside the current one', async () => {
    await put('current');
    await put('next', { VersionStages: ['AWSPENDING'] });
    expect(await get()).toMatchObject({ SecretString: 'current' });
    expect(await get({ VersionStage: 'AWSPENDING' })).toMatchObject({ SecretString: 'next' });
  });

  test('changes nothing when it is repeated with its token', async () => {
    const ClientRequestToken = randomUUID();
    await put('one', { ClientRequestToken });
    await put('two');
    await put('one', { ClientRequestToken });
    expect(await get()).toMatchObject({ SecretString: 'two' });
  });

  test('refuses another value under a token that is in use', async () => {
    const ClientRequestToken = randomUUID();
    await put('one', { ClientRequestToken });
    await expect(put('other', { ClientRequestToken })).rejects.toMatchObject({
      name: 'ResourceExistsException',
    });
  });

  test('refuses a token that is too short for a version’s id', async () => {
    await expect(put('one', { ClientRequestToken: 'short' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining('ClientRequestToken'),
    });
  });
});

describe('GetSecretValue', () => {
  test('reads a version by its id, whatever is current', async () => {
    const { VersionId = '' } = await put('one');
    await put('two');
    expect(await get({ VersionId })).toMatchObject({ SecretString: 'one' });
  });

  test.each([
    ['a secret', { SecretId: 'nobody' }],
    ['a version', { SecretId: LOGIN.arn, VersionId: randomUUID() }],
    ['a stage', { SecretId: LOGIN.arn, VersionStage: 'AWSPENDING' }],
  ])('says by the SDK’s own error that there is no such %s', async (_what, input) => {
    await expect(client.send(new GetSecretValueCommand(input))).rejects.toBeInstanceOf(
      ResourceNotFoundException,
    );
  });
});

describe('DescribeSecret', () => {
  test('tells the stages of each version, and no value', async () => {
    const { VersionId: first = '' } = await put('one');
    const { VersionId: second = '' } = await put('two');
    const described = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(described.VersionIdsToStages).toEqual({ [first]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] });
    expect(described.RotationEnabled).toBe(false);
    expect(JSON.stringify(described)).not.toContain('two');
  });

  test('tells who rotates it', async () => {
    expect(await client.send(new DescribeSecretCommand({ SecretId: ROTATED.arn }))).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: ROTATED.rotationFunctionArn,
    });
  });
});

describe('UpdateSecretVersionStage', () => {
  const move = (input: { MoveToVersionId?: string; RemoveFromVersionId?: string }) =>
    client.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'AWSCURRENT', ...input }));

  test('makes the pending version current, and the one before it previous', async () => {
    const { VersionId: RemoveFromVersionId = '' } = await put('old');
    const { VersionId: MoveToVersionId = '' } = await put('new', { VersionStages: ['AWSPENDING'] });
    await move({ MoveToVersionId, RemoveFromVersionId });
    expect(await get()).toMatchObject({ SecretString: 'new' });
    expect(await get({ VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'old' });
  });

  test('refuses to move a label from where it isn’t: of two movers one succeeds', async () => {
    const { VersionId: old = '' } = await put('old');
    const { VersionId: one = '' } = await put('one', { VersionStages: ['AWSPENDING'] });
    const { VersionId: other = '' } = await put('other', { VersionStages: ['AWSPENDING'] });
    await move({ MoveToVersionId: one, RemoveFromVersionId: old });
    await expect(move({ MoveToVersionId: other, RemoveFromVersionId: old })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });

  test('refuses a version that isn’t there', async () => {
    await expect(move({ MoveToVersionId: randomUUID() })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('leaves no secret without a current version', async () => {
    const { VersionId: RemoveFromVersionId = '' } = await put('only');
    await expect(move({ RemoveFromVersionId })).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});

describe('RotateSecret', () => {
  const rotation = () => client.send(new RotateSecretCommand({ SecretId: ROTATED.arn }));
  const steps = () => secrets.rotated.splice(0).map(({ Step }) => Step);

  test('invokes the function once for each step, in order, with the new version’s id', async () => {
    const { VersionId } = await rotation();
    await expect.poll(() => secrets.rotated.length).toBe(4);
    expect(new Set(secrets.rotated.map(({ ClientRequestToken }) => ClientRequestToken))).toEqual(
      new Set([VersionId]),
    );
    expect(steps()).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
  });

  test('ends at the step that fails, and says which secret and why', async () => {
    rotate = async (step) => {
      if (step === 'setSecret') throw new Error('the database is away');
    };
    await rotation();
    await expect.poll(() => secrets.failed).toEqual([['rotated', 'the database is away']]);
    expect(steps()).toEqual(['createSecret', 'setSecret']);
  });

  test('refuses a second rotation while one is under way', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    rotate = () => held;
    await rotation();
    await expect(rotation()).rejects.toMatchObject({ name: 'InvalidRequestException' });
    release();
    await expect.poll(() => secrets.rotated.length).toBe(4);
    steps();
  });

  test('refuses a secret without rotation', async () => {
    await expect(client.send(new RotateSecretCommand({ SecretId }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: expect.stringContaining('no rotation function'),
    });
  });
});

describe('GetRandomPassword', () => {
  test('makes one by the rules that are given', async () => {
    const { RandomPassword } = await client.send(
      new GetRandomPasswordCommand({
        PasswordLength: 200,
        ExcludeUppercase: true,
        ExcludePunctuation: true,
        ExcludeCharacters: 'xyz',
      }),
    );
    expect(RandomPassword).toMatch(/^[a-w0-9]{200}$/);
  });

  test('refuses rules that leave no character', async () => {
    const nothing = {
      ExcludeLowercase: true,
      ExcludeUppercase: true,
      ExcludeNumbers: true,
      ExcludePunctuation: true,
    };
    await expect(client.send(new GetRandomPasswordCommand(nothing))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});

test('an action that isn’t supported here is refused by its name', async () => {
  await expect(client.send(new DeleteSecretCommand({ SecretId }))).rejects.toMatchObject({
    name: 'UnknownOperationException',
    message: expect.stringContaining('DeleteSecret'),
  });
});

test('a body that is no JSON is refused', async () => {
  const headers = { 'x-amz-target': 'secretsmanager.GetSecretValue' };
  const response = await fetch(secrets.service.url, { method: 'POST', headers, body: '{' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ __type: 'SerializationException' });
});
