import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Psp } from '../../../adapters/psp/psp.ts';
import type { Psps } from '../../../adapters/psp/psps.ts';
import { simulatorSigningSecret } from '../../../adapters/psp/simulator/api-keys.ts';
import { createCachedSecret } from '../../../adapters/secrets/secret-reader.ts';
import { signatureOf } from '../../../simulator/webhook-signature.ts';
import { accountsAt, pspsOf, SecretInTest } from '../../support/psp-accounts.ts';
import { aCharge, noDeadline } from '../../support/psp-under-test.ts';
import {
  aSecret,
  type SecretsManagerInTest,
  startSecretsManagerInTest,
} from '../../support/secrets-manager.ts';
import { type SimulatorInTest, startSimulatorInTest } from '../../support/simulator.ts';
import { SIMULATOR_2_KEY, SIMULATOR_KEY, SIMULATOR_SECRET } from '../../support/simulator-keys.ts';

/** Contains what the PSP doesn't know at first: the PSP's side has been rotated already. */
const SECRET = aSecret('simulator');
const ROTATED = {
  kind: 'not_sent',
  reason: 'our key was rotated: the next attempt uses the new one',
  isOurs: true,
};
let simulator: SimulatorInTest;
let secrets: SecretsManagerInTest;
let psps: Psps;
let warnings: string[];

beforeEach(async () => {
  warnings = [];
  simulator = await startSimulatorInTest();
  const { clock } = simulator;
  secrets = await startSecretsManagerInTest({ clock, secrets: [SECRET] });
  const secret = createCachedSecret(secrets.client, SECRET.arn, () => clock.now());
  psps = pspsOf(accountsAt(simulator, secret), { warn: (_message, { error }) => warnings.push(`${error}`) });
});
afterEach(async () => {
  await secrets.close();
  await simulator.close();
});

const put = async (SecretString: string) =>
  (await secrets.client.send(new PutSecretValueCommand({ SecretId: SECRET.arn, SecretString }))).VersionId;
const rotateOurSide = () => put(SIMULATOR_SECRET);
const readings = () => secrets.asked.filter((action) => action === 'GetSecretValue').length;
const answersOf = async (reference: string) =>
  z
    .object({ requests: z.array(z.object({ status: z.number() })) })
    .parse((await simulator.read(`/requests?reference=${reference}`)).body)
    .requests.map(({ status }) => status)
    .reverse();
const held = async (account = 'simulator'): Promise<Psp> => {
  const psp = (await psps.hold()).get(account);
  if (psp === undefined) throw new Error(`there is no ${account}`);
  return psp;
};
const charge = (psp: Psp, request = aCharge('sim_ok')) => psp.execute(request, noDeadline());

describe('the credentials of a stage’s accounts', () => {
  test('are read once for all accounts of a secret, and for all batches within five minutes', async () => {
    await psps.hold();
    simulator.clock.advance(4 * 60_000);
    await psps.hold();
    expect(readings()).toBe(1);
  });

  test('have the version of their secret', async () => {
    const version = await rotateOurSide();
    expect((await held()).credentialVersion).toBe(version);
    expect((await held('simulator_2')).credentialVersion).toBe(version);
  });

  test('stay what they were for a batch that holds them, while the next batch gets new ones', async () => {
    const version = await rotateOurSide();
    const before = await held();
    await put('something else entirely');
    simulator.clock.advance(5 * 60_000);
    const after = await held();
    expect(before.credentialVersion).toBe(version);
    expect(after.credentialVersion).not.toBe(version);
    expect((await charge(before)).kind).toBe('succeeded');
  });

  test('are the last ones while Secrets Manager doesn’t answer', async () => {
    const version = await rotateOurSide();
    await psps.hold();
    await secrets.service.close();
    simulator.clock.advance(5 * 60_000);
    expect((await held()).credentialVersion).toBe(version);
  });

  test('may be stored as JSON, for a simulated PSP of another stage', async () => {
    await put(JSON.stringify({ api_key: SIMULATOR_KEY, signing_secrets: ['whsec_0123456789abcdef'] }));
    expect((await charge(await held())).kind).toBe('succeeded');
  });

  test('of another format send nothing, and the warning names the format and no credential', async () => {
    await put(JSON.stringify({ apiKey: SIMULATOR_2_KEY }));
    const psp = await held();
    expect(psp.credentialVersion).toBeNull();
    expect(await charge(psp)).toEqual({ kind: 'not_sent', reason: 'our key can’t be read' });
    expect(warnings[0]).toContain(
      'The secret of the PSP account simulator has another format; store {"api_key": "…", "signing_secrets": ["…"]}',
    );
    expect(warnings.join()).not.toContain(SIMULATOR_2_KEY);
  });
});

describe('an event', () => {
  const SIGNED_FOR_OTHERS = 'whsec_0123456789abcdef';
  const kindOf = async (secret: string) => {
    const now = simulator.clock.now();
    const charge = { id: 'ch_1', reference: 'ord_1', amount: 1, currency: 'KRW', status: 'succeeded' };
    const body = JSON.stringify({
      id: 'evt_1',
      type: 'charge.succeeded',
      created: new Date(now).toISOString(),
      data: { charge },
    });
    const headers = { 'simulator-signature': signatureOf([secret], body, now) };
    const event = await psps.events.get('simulator')?.parseEvent({ headers, body: Buffer.from(body), now });
    return event?.kind;
  };

  test.each([1, 2])('signed with version %i of the derived secret is accepted', async (version) => {
    await rotateOurSide();
    expect(await kindOf(simulatorSigningSecret(SIMULATOR_SECRET, 'simulator', version))).toBe('event');
    expect(await kindOf(simulatorSigningSecret(SIMULATOR_SECRET, 'simulator_2', version))).toBe('refused');
    expect(await kindOf(simulatorSigningSecret(SIMULATOR_SECRET, 'simulator', 3))).toBe('refused');
  });

  test('signed with a secret that was stored a moment ago is accepted, before the next batch', async () => {
    await rotateOurSide();
    await psps.hold();
    expect(await kindOf(SIGNED_FOR_OTHERS)).toBe('refused');
    await put(JSON.stringify({ api_key: SIMULATOR_KEY, signing_secrets: [SIGNED_FOR_OTHERS] }));
    simulator.clock.advance(1_000);
    expect(await kindOf(SIGNED_FOR_OTHERS)).toBe('event');
  });
});

describe('a key that the PSP refuses', () => {
  test('is a misconfiguration where the secret holds no other, and is shown once', async () => {
    const request = aCharge('sim_ok');
    expect(await charge(await held(), request)).toMatchObject({ kind: 'misconfigured' });
    simulator.clock.advance(10_000);
    expect(await charge(await held(), request)).toMatchObject({ kind: 'misconfigured' });
    expect(await answersOf(request.reference)).toEqual([401, 401]);
    expect(readings()).toBe(2);
  });

  test('and was rotated since is not repeated under the new one, which its claim doesn’t name', async () => {
    const psp = await held();
    await rotateOurSide();
    simulator.clock.advance(10_000);
    const request = aCharge('sim_ok');
    expect(await charge(psp, request)).toEqual(ROTATED);
    expect(await charge(psp, request)).toEqual(ROTATED);
    expect(await answersOf(request.reference)).toEqual([401, 401]);
  });

  test('and was rotated since is replaced for the next batch at once', async () => {
    const psp = await held();
    const version = await rotateOurSide();
    simulator.clock.advance(10_000);
    const request = aCharge('sim_ok');
    await charge(psp, request);
    const next = await held();
    expect(next.credentialVersion).toBe(version);
    expect(await charge(next, request)).toMatchObject({ kind: 'succeeded' });
    expect(await simulator.timesCharged(request.reference)).toBe(1);
  });

  test('is read again once for a whole batch', async () => {
    const psp = await held();
    await rotateOurSide();
    simulator.clock.advance(10_000);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => charge(psp)));
    expect(outcomes).toEqual(Array(10).fill(ROTATED));
    expect(readings()).toBe(2);
  });

  test('and was rotated since answers no look-up and no invalidation', async () => {
    const psp = await held();
    await rotateOurSide();
    simulator.clock.advance(10_000);
    const noAnswer = { kind: 'no_answer', outcome: ROTATED };
    expect(await psp.find(aCharge('sim_ok'), noDeadline())).toEqual(noAnswer);
    expect(await psp.invalidate(aCharge('sim_ok'), noDeadline())).toEqual(noAnswer);
  });
});

describe('a batch', () => {
  const never = new Promise<never>(() => {});
  const heldAfter = async (waiting: Psps, milliseconds: number) => {
    const timer = simulator.clock.nextTimer();
    const holding = waiting.hold();
    await timer;
    simulator.clock.advance(milliseconds);
    return (await holding).get('simulator');
  };

  test('waits five seconds for the first reading of a secret, and then sends nothing', async () => {
    const secret = { read: () => never, refresh: () => never };
    const waiting = pspsOf(accountsAt(simulator, secret), { time: simulator.clock, deadlineMs: 1_000 });
    const psp = await heldAfter(waiting, 5_000);
    expect(await psp?.execute(aCharge('sim_ok'), noDeadline())).toEqual({
      kind: 'not_sent',
      reason: 'our key can’t be read',
    });
  });

  test('waits one second for a later reading, and keeps what it has', async () => {
    const secret = new SecretInTest(SIMULATOR_SECRET);
    const waiting = pspsOf(accountsAt(simulator, secret), { time: simulator.clock, deadlineMs: 1_000 });
    await waiting.hold();
    secret.read = () => never;
    const psp = await heldAfter(waiting, 1_000);
    expect(psp?.credentialVersion).toBe('v1');
    expect((await psp?.execute(aCharge('sim_ok'), noDeadline()))?.kind).toBe('succeeded');
  });
});
