import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { readMigrations } from '../../adapters/database/migrate.ts';
import { INVARIANTS } from '../../adapters/database/statements/invariants.ts';
import { listCircuits, listPauses } from '../../adapters/database/statements/processing-pauses.ts';
import { lastRun } from '../../adapters/database/statements/purge-expired.ts';
import { appliedMigrations } from '../../adapters/database/statements/smoke.ts';
import { checkInvariant } from '../../adapters/database/statements/verify.ts';
import { createConsumedMessages } from '../../adapters/dynamodb/consumed-messages.ts';
import type { Pipeline } from '../connect.ts';
import { CheckError, type SmokeRun } from './smoke-run.ts';

const MIGRATIONS = new URL('../../db/migrations/', import.meta.url);
/** It runs every hour; a deployment and a paused database may each cost one run. */
const PURGE_LATE_SECONDS = 3 * 3_600;

/** All checks that need no payment; writes nothing. */
export async function checkSurroundings(pipeline: Pipeline, smokeRun: SmokeRun): Promise<void> {
  await smokeRun.step('database', () => migrations(pipeline));
  await smokeRun.look('queues', () => queues(pipeline));
  await smokeRun.look('consumed messages', () => consumed(pipeline));
  await smokeRun.look('circuits', () => circuits(pipeline));
  await smokeRun.look('relay', () => relay(pipeline));
  await smokeRun.look('purge', () => purge(pipeline));
}

async function migrations({ database }: Pipeline): Promise<readonly [undefined, string]> {
  const applied = await appliedMigrations(database);
  const missing = readMigrations(MIGRATIONS).filter(({ name }) => !applied.includes(name));
  if (missing.length > 0) {
    throw new CheckError(
      `lacks ${missing.map(({ name }) => name).join(', ')}: deploy this version, or use the one that is deployed`,
    );
  }
  return [undefined, `newest migration ${applied.at(-1)}`];
}

async function queues({ sqs, queueUrl, deadLetters }: Pipeline): Promise<string> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  const { visible, held } = await deadLetters.count();
  const waiting = Attributes?.ApproximateNumberOfMessages ?? '?';
  return `${waiting} messages wait, ${visible + held} dead letters`;
}

async function consumed({ dynamodb, consumedTable }: Pipeline): Promise<string> {
  await createConsumedMessages(dynamodb, consumedTable, Date.now).find(['smoke-looks']);
  return 'answers';
}

async function circuits({ database }: Pipeline): Promise<string> {
  const [known, pauses] = [await listCircuits(database), await listPauses(database)];
  const open = known.filter(({ state }) => state !== 'closed');
  const paused = pauses.map(({ pause_id }) => `${pause_id} is paused`);
  if (open.length === 0) return paused.length === 0 ? 'none open, nothing paused' : paused.join(', ');
  throw new CheckError(open.map(({ psp, state, reason }) => `${psp} is ${state}: ${reason}`).join('; '));
}

/** If nothing is overdue, the relay works. */
async function relay({ database }: Pipeline): Promise<string> {
  const invariant = INVARIANTS.find(({ name }) => name.startsWith('nothing is overdue'));
  const violation = invariant === undefined ? undefined : await checkInvariant(database, invariant);
  if (violation === undefined) return 'nothing is overdue';
  throw new CheckError(`${violation.count} overdue, for example ${violation.examples[0]}`);
}

async function purge({ database, settings }: Pipeline): Promise<string> {
  const run = await lastRun(database, 'purge-expired');
  if (run === undefined) return 'has not run yet';
  if (settings.takesRealMoney && run.age_seconds > PURGE_LATE_SECONDS)
    throw new CheckError(`last ran ${run.finished_at}: its schedule or its function fails, see its log`);
  return `last ran ${run.finished_at}`;
}
