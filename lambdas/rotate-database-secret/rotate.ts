import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { type Database, DatabaseResumingError } from '../../adapters/database/database.ts';
import { otherLogin } from '../../adapters/database/set-up/logins.ts';
import { scramVerifier } from '../../adapters/database/set-up/scram.ts';
import { readOtherPassword, setOtherPassword } from '../../adapters/database/statements/credentials.ts';
import { type DatabaseLogin, loginOf, type Secrets } from '../../adapters/secrets/secrets.ts';

/** What Secrets Manager sends, once for each step. */
export const rotationEventSchema = z.object({
  Step: z.enum(['createSecret', 'setSecret', 'testSecret', 'finishSecret']),
  SecretId: z.string(),
  /** Of the new version: its id. */
  ClientRequestToken: z.string(),
});
export type RotationEvent = z.infer<typeof rotationEventSchema>;

export interface RotationEffects {
  readonly secrets: Secrets;
  /** As the login that this secret holds now. */
  readonly databaseOf: (secretArn: string) => Database;
  /** Letters and digits. */
  readonly newPassword: () => string;
  /** 16 random bytes. */
  readonly newSalt: () => Buffer;
}

/** Thrown where a rotation can't go on; Secrets Manager tries again. Never says what a secret holds. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
}

/**
 * One step of a rotation, each safe to repeat. A duty has two logins that take turns: the one in use sets the password
 * of the other, then the secret names the other. Whoever still logs in by the replaced one succeeds until the next
 * rotation. The cluster's master has no other, and changes its own: nothing but deployments uses it.
 */
export async function rotate(event: RotationEvent, effects: RotationEffects): Promise<void> {
  const stages = await effects.secrets.stagesOf(event.SecretId);
  if (stages.get(event.ClientRequestToken)?.includes('AWSCURRENT')) return;
  switch (event.Step) {
    case 'createSecret':
      return createSecret(event, effects);
    case 'setSecret':
      return setSecret(event, effects);
    case 'testSecret':
      return testSecret(event, effects);
    case 'finishSecret':
      return finishSecret(event, stages, effects);
  }
}

const currentSchema = z.looseObject({ username: z.string() });

async function currentOf({ SecretId }: RotationEvent, { secrets }: RotationEffects) {
  return currentSchema.parse(JSON.parse(await secrets.get(SecretId)));
}

function pendingText({ SecretId, ClientRequestToken }: RotationEvent, { secrets }: RotationEffects) {
  return secrets.find(SecretId, { stage: 'AWSPENDING', versionId: ClientRequestToken });
}

async function pendingOf(event: RotationEvent, effects: RotationEffects): Promise<DatabaseLogin> {
  const text = await pendingText(event, effects);
  if (text === undefined)
    throw new RotationError(`${event.SecretId} has no pending version ${event.ClientRequestToken}.`);
  return loginOf(text);
}

async function createSecret(event: RotationEvent, effects: RotationEffects): Promise<void> {
  if ((await pendingText(event, effects)) !== undefined) return;
  const current = await currentOf(event, effects);
  const username = otherLogin(current.username) ?? current.username;
  const next = { ...current, username, password: effects.newPassword() };
  await effects.secrets.putPending(event.SecretId, event.ClientRequestToken, JSON.stringify(next));
}

async function setSecret(event: RotationEvent, effects: RotationEffects): Promise<void> {
  const pending = await pendingOf(event, effects);
  const verifier = scramVerifier(pending.password, effects.newSalt());
  const database = effects.databaseOf(event.SecretId);
  if (otherLogin(pending.username) !== undefined) {
    const set = await setOtherPassword(database, verifier);
    if (set === pending.username) return;
    throw new RotationError(`The password of ${set} was set, and that of ${pending.username} was due.`);
  }
  // Refused: it was set already, and the current one is over. finishSecret will tell.
  if (!(await canLogIn(database))) return;
  await database.execute(`alter role "${pending.username}" password '${verifier}'`, {});
}

/** The Data API takes no pending password: what the database noted of it is compared instead. */
async function testSecret(event: RotationEvent, effects: RotationEffects): Promise<void> {
  const database = effects.databaseOf(event.SecretId);
  const pending = await pendingText(event, effects);
  // A rehearsal, when a rotation is configured: nothing was set, and the pending version is empty or the current one.
  if (pending === undefined || pending === (await effects.secrets.get(event.SecretId))) {
    if (await canLogIn(database)) return;
    throw new RotationError('The current login is refused.');
  }
  const { username, password } = loginOf(pending);
  if (otherLogin(username) === undefined) return;
  const noted = await readOtherPassword(database);
  const isSet =
    noted?.login === username &&
    noted.verifierSha256 === sha256(scramVerifier(password, Buffer.from(noted.salt, 'base64')));
  if (!isSet) throw new RotationError(`The database does not hold the pending password of ${username}.`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Whoever asks from now on logs in by the new one; if that is refused, the old one is put back at once. */
async function finishSecret(
  event: RotationEvent,
  stages: ReadonlyMap<string, readonly string[]>,
  effects: RotationEffects,
): Promise<void> {
  const { SecretId, ClientRequestToken: next } = event;
  const [previous] = [...stages].find(([, labels]) => labels.includes('AWSCURRENT')) ?? [];
  if (previous === undefined) throw new RotationError(`${SecretId} has no current version.`);
  await effects.secrets.makeCurrent(SecretId, next, previous);
  if (await canLogIn(effects.databaseOf(SecretId))) return;
  await effects.secrets.makeCurrent(SecretId, previous, next);
  throw new RotationError('The new login is refused; the one before is current again.');
}

async function canLogIn(database: Database): Promise<boolean> {
  try {
    await database.execute('select 1 as well', {});
    return true;
  } catch (error) {
    if (error instanceof DatabaseResumingError) throw error;
    return false;
  }
}
