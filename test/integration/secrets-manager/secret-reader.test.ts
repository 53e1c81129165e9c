import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSecretReader, type SecretReader } from '../../../adapters/secrets/secret-reader.ts';
import { VirtualClock } from '../../../local/clock.ts';
import {
  aSecret,
  type SecretsManagerInTest,
  startSecretsManagerInTest,
} from '../../support/secrets-manager.ts';

const SECRET = aSecret('psp-key');
const MINUTE = 60_000;
let clock: VirtualClock;
let secrets: SecretsManagerInTest;
let reader: SecretReader;

beforeEach(async () => {
  clock = new VirtualClock(1_700_000_000_000);
  secrets = await startSecretsManagerInTest({ clock, secrets: [SECRET] });
  await put('first');
  secrets.asked.splice(0);
  reader = createSecretReader(secrets.client, SECRET.arn, () => clock.now());
});
afterEach(() => secrets.close());

const put = (SecretString: string) =>
  secrets.client.send(new PutSecretValueCommand({ SecretId: SECRET.arn, SecretString }));
const readings = () => secrets.asked.filter((action) => action === 'GetSecretValue').length;

describe('a secret', () => {
  test('is read once, however many ask, at once or later', async () => {
    await Promise.all([reader.read(), reader.read(), reader.refresh()]);
    clock.advance(4 * MINUTE);
    expect(await reader.read()).toBe('first');
    expect(readings()).toBe(1);
  });

  test('that was rotated is noticed within five minutes', async () => {
    await reader.read();
    await put('second');
    clock.advance(5 * MINUTE);
    expect(await reader.read()).toBe('second');
  });

  test('that was rotated is noticed at once by who was refused', async () => {
    await reader.read();
    await put('second');
    clock.advance(1_000);
    expect(await reader.refresh()).toBe('second');
    expect(await reader.read()).toBe('second');
  });

  test('is read once a second at most, however often it is refused', async () => {
    await reader.read();
    clock.advance(1_000);
    for (let refusals = 0; refusals < 10; refusals += 1) await reader.refresh();
    expect(readings()).toBe(2);
  });
});

describe('where Secrets Manager doesn’t answer', () => {
  test('what was read before stays in use', async () => {
    await reader.read();
    await secrets.service.close();
    clock.advance(5 * MINUTE);
    expect(await reader.read()).toBe('first');
    clock.advance(MINUTE);
    expect(await reader.refresh()).toBe('first');
  });

  test('all who wait for the first reading are told, and the next who asks has it tried again', async () => {
    const lost = createSecretReader(secrets.client, `${SECRET.arn}-other`, () => clock.now());
    const told = await Promise.allSettled([lost.read(), lost.read()]);
    expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(lost.read()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(readings()).toBe(2);
  });
});
