import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Psp } from '../../../adapters/psp/psp.ts';
import { createPsps } from '../../../adapters/psp/registry.ts';
import { createSecretReader } from '../../../adapters/secrets/secret-reader.ts';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import {
  aSecret,
  type SecretsManagerInTest,
  startSecretsManagerInTest,
} from '../../support/secrets-manager.ts';
import { type SimulatorInTest, startSimulatorInTest } from '../../support/simulator.ts';
import { SIMULATOR_SECRET } from '../../support/simulator-keys.ts';

/** Holds what the PSP doesn't know at first: the PSP's side has been rotated already. */
const SECRET = aSecret('simulator');
let simulator: SimulatorInTest;
let secrets: SecretsManagerInTest;
let psp: Psp;

beforeEach(async () => {
  simulator = await startSimulatorInTest();
  const { clock } = simulator;
  secrets = await startSecretsManagerInTest({ clock, secrets: [SECRET] });
  const secret = createSecretReader(secrets.client, SECRET.arn, () => clock.now());
  const urls = { simulator: simulator.listenerUrl, simulator_2: simulator.secondListenerUrl };
  const created = createPsps({ simulator: { urls, secret } }).get('simulator');
  if (created === undefined) throw new Error('there is no simulator');
  psp = created;
});
afterEach(async () => {
  await secrets.close();
  await simulator.close();
});

const rotateOurSide = () =>
  secrets.client.send(new PutSecretValueCommand({ SecretId: SECRET.arn, SecretString: SIMULATOR_SECRET }));
const readings = () => secrets.asked.filter((action) => action === 'GetSecretValue').length;
const answersOf = async (reference: string) =>
  z
    .object({ requests: z.array(z.object({ status: z.number() })) })
    .parse((await simulator.read(`/requests?reference=${reference}`)).body)
    .requests.map(({ status }) => status)
    .reverse();
const charge = (request = aCharge('sim_ok')) => psp.execute(request, noDeadline());

describe('a key that the PSP refuses', () => {
  test('is a misconfiguration where the secret holds no other, and is shown once', async () => {
    const request = aCharge('sim_ok');
    expect(await charge(request)).toMatchObject({ kind: 'misconfigured' });
    simulator.clock.advance(10_000);
    expect(await charge(request)).toMatchObject({ kind: 'misconfigured' });
    expect(await answersOf(request.reference)).toEqual([401, 401]);
    expect(readings()).toBe(2);
  });

  test('is read again, and the call is repeated with the new one, charged once', async () => {
    await charge();
    await rotateOurSide();
    simulator.clock.advance(10_000);
    const request = aCharge('sim_ok');
    expect(await charge(request)).toMatchObject({ kind: 'succeeded' });
    expect(await answersOf(request.reference)).toEqual([401, 201]);
    expect(await simulator.timesCharged(request.reference)).toBe(1);
  });

  test('is read again once for a whole batch', async () => {
    await charge();
    await rotateOurSide();
    simulator.clock.advance(10_000);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => charge()));
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(10).fill('succeeded'));
    expect(readings()).toBe(2);
  });

  test('is read again for a look-up and for an invalidation too', async () => {
    await charge();
    await rotateOurSide();
    simulator.clock.advance(10_000);
    expect(await psp.find(aCharge('sim_ok'), noDeadline())).toEqual({ kind: 'not_found' });
    expect(await psp.invalidate(aCharge('sim_ok'), noDeadline())).toEqual({ kind: 'invalidated' });
  });
});

test('a call whose deadline passes while the key is read sends nothing', async () => {
  const never = new Promise<string>(() => {});
  const secret = { read: () => never, refresh: () => never };
  const urls = { simulator: simulator.listenerUrl, simulator_2: simulator.secondListenerUrl };
  const waiting = createPsps({ simulator: { urls, secret } }).get('simulator');
  const outcome = await waiting?.execute(aCharge('sim_ok'), AbortSignal.timeout(5));
  expect(outcome).toMatchObject({ kind: 'not_sent' });
});
