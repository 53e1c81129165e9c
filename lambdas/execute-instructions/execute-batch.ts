import type { SQSRecord } from 'aws-lambda';
import {
  claimInstructions,
  type HeldInstruction,
  isHeld,
  keyOf,
  type Verdict,
} from '../../adapters/database/statements/claim-instructions.ts';
import {
  type FinishedAttempt,
  PLATFORM_SHARDS,
  type RecordedAttempt,
  recordAttempts,
} from '../../adapters/database/statements/record-attempts.ts';
import { assert } from '../../domain/assert.ts';
import { CIRCUIT } from '../../domain/payment/circuit.ts';
import { consumedKeyOf, instructionNameOf } from '../../domain/payment/instruction.ts';
import { longestDeadlines, longestPropagationSeconds, TIMING } from '../../domain/payment/timing.ts';
import { acknowledge } from './acknowledge.ts';
import { attempt } from './attempt.ts';
import { type BatchItem, correlationIdsOf, itemsOf, readBatch } from './batch.ts';
import {
  againLater,
  type Dispositions,
  dispositionOfAttempt,
  dispositionOfRefusal,
  isDone,
} from './dispositions.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { reportClaimed, reportRecorded, reportRefused } from './report.ts';

/**
 * Executes a batch of instructions: consumed? → claim → look up or call the PSP → decide → record → consume →
 * acknowledge. The number of requests per batch is constant, whatever the batch holds.
 *
 * @returns the ids of the messages that SQS must deliver again
 */
export async function executeBatch(
  records: readonly SQSRecord[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<readonly string[]> {
  effects.meter.put('BatchFill', records.length);
  const batch = readBatch(records);
  const consumed = await findConsumed(itemsOf(batch), effects);
  const isUnconsumed = ({ name }: BatchItem) => !consumed.has(name);

  const heads = await executeRound(batch.heads.filter(isUnconsumed), effects, invocation);
  const isNext = (item: BatchItem) => isUnconsumed(item) && isHeadDone(item, batch.heads, consumed, heads);
  const next = hasTimeForRound(effects, invocation) ? batch.followers.filter(isNext) : [];
  const followers = await executeRound(next, effects, invocation);

  const executed: Dispositions = new Map([...consumed, ...heads, ...followers]);
  const unconsumed = await consume(itemsOf(batch), executed, effects);
  return acknowledge(records, batch, new Map([...executed, ...unconsumed]), effects, invocation);
}

/** The table only saves database queries. If it can't be read, the claim finds out what is terminal. */
async function findConsumed(items: readonly BatchItem[], effects: ExecutorEffects): Promise<Dispositions> {
  const keyOfItem = ({ key }: BatchItem) => consumedKeyOf(key, effects.restoreEpoch);
  try {
    const found = await effects.consumed.find(items.map(keyOfItem));
    if (found.size > 0) effects.meter.put('ConsumedRecordHits', found.size);
    const known = items.filter((item) => found.has(keyOfItem(item)));
    return new Map(known.map(({ name }) => [name, { kind: 'acknowledge' }]));
  } catch (error) {
    effects.meter.put('ConsumedRecordsFailed', 1);
    const correlation_ids = correlationIdsOf(items);
    effects.log.warn('consumed messages could not be read', { error, correlation_ids });
    return new Map();
  }
}

/** Claims, looks up or calls, and records, in a constant number of round trips. */
async function executeRound(
  items: readonly BatchItem[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<Dispositions> {
  if (items.length === 0) return new Map();
  const verdicts = await claim(items, effects, invocation);
  if (verdicts === undefined) return againLater(items);

  const claimed = verdicts.filter(isHeld);
  const refused = verdicts.filter((verdict) => !isHeld(verdict));
  reportClaimed(claimed, effects);
  reportRefused(refused, effects);
  const recorded = await carryOut(claimed, effects, invocation);

  return new Map([
    ...refused.map((verdict) => [instructionNameOf(keyOf(verdict)), dispositionOfRefusal(verdict)] as const),
    ...claimed.map((instruction) => {
      const row = recorded.get(instruction.instruction_id);
      return [instructionNameOf(keyOf(instruction)), dispositionOfAttempt(row)] as const;
    }),
  ]);
}

/** One verdict per item; undefined if the statement failed. */
async function claim(
  items: readonly BatchItem[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<readonly Verdict[] | undefined> {
  const psps = [...effects.psps.values()];
  try {
    return await claimInstructions(effects.database, {
      instructions: items.map(({ key, deadLetterCycle }) => ({ ...key, deadLetterCycle })),
      claimToken: invocation.claimToken,
      leaseSeconds: TIMING.leaseSeconds,
      propagationSecondsByPsp: Object.fromEntries(
        psps.map(({ account, abilities }) => [account, longestPropagationSeconds(abilities)]),
      ),
      credentialVersions: Object.fromEntries(
        psps.flatMap(({ account, credentialVersion: version }) =>
          version === null ? [] : [[account, version]],
        ),
      ),
      declaredSpacings: Object.fromEntries(
        psps.map(({ account, abilities: { callsPerSecond } }) => [
          account,
          callsPerSecond === undefined ? 0 : Math.ceil(1_000 / callsPerSecond),
        ]),
      ),
      defaultPropagationSeconds: TIMING.defaultMaxInFlightSeconds + TIMING.defaultLookUpLagSeconds,
      attemptsPerCycle: TIMING.attemptsPerCycle,
      cycles: TIMING.cycles,
      probes: CIRCUIT.probes,
    });
  } catch (error) {
    effects.log.warn('nothing could be claimed', { error, correlation_ids: correlationIdsOf(items) });
    return undefined;
  }
}

/** Attempts that have finished by then are recorded; the others follow in a second wave, so that a slow PSP delays no other. */
const FIRST_WAVE_MS = 1_000;

/**
 * Attempts all claimed instructions concurrently and records them in at most two statements (rule 6). Every PSP call has
 * ended when this returns (rule 5).
 *
 * @returns the recorded row of each attempt that could be recorded, by instruction id
 */
async function carryOut(
  claimed: readonly HeldInstruction[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<ReadonlyMap<string, RecordedAttempt>> {
  const finished: FinishedAttempt[] = [];
  const attempts = Promise.all(
    claimed.map(async (instruction) => {
      finished.push(await attempt(instruction, effects, invocation));
    }),
  );
  await firstOf(attempts, FIRST_WAVE_MS, effects);
  const firstWave = record(finished.splice(0), claimed, effects);
  await attempts;
  const rows = [...(await firstWave), ...(await record(finished, claimed, effects))];
  return new Map(rows.map((row) => [row.instruction_id, row]));
}

async function record(
  attempts: readonly FinishedAttempt[],
  claimed: readonly HeldInstruction[],
  effects: ExecutorEffects,
): Promise<readonly RecordedAttempt[]> {
  const shard = Math.floor(effects.ids.random() * PLATFORM_SHARDS);
  const rows = await recordAttempts(effects.database, attempts, shard, effects.log.warn);
  for (const row of rows) {
    const finished = attempts.find(({ instructionId }) => instructionId === row.instruction_id);
    const instruction = claimed.find(({ instruction_id }) => instruction_id === row.instruction_id);
    assert(finished !== undefined && instruction !== undefined, `${row.instruction_id} was not attempted`);
    reportRecorded(row, finished, instruction, effects);
  }
  return rows;
}

/**
 * Records terminal instructions as consumed, before their messages are acknowledged (rule 8).
 *
 * @returns the items that could not be recorded, whose messages must be delivered again
 */
async function consume(
  items: readonly BatchItem[],
  dispositions: Dispositions,
  effects: ExecutorEffects,
): Promise<Dispositions> {
  const terminal = items.filter(({ name }) => dispositions.get(name)?.kind === 'consume');
  if (terminal.length === 0) return new Map();
  const keyOfItem = ({ key }: BatchItem) => consumedKeyOf(key, effects.restoreEpoch);
  try {
    const unprocessed = await effects.consumed.record(terminal.map(keyOfItem));
    return againLater(terminal.filter((item) => unprocessed.has(keyOfItem(item))));
  } catch (error) {
    effects.meter.put('ConsumedRecordsFailed', 1);
    const correlation_ids = correlationIdsOf(terminal);
    effects.log.warn('consumed messages could not be recorded', { error, correlation_ids });
    return againLater(terminal);
  }
}

/** A second instruction of an order is tried only after the first one in this batch is done. */
function isHeadDone(
  follower: BatchItem,
  heads: readonly BatchItem[],
  ...dispositions: readonly Dispositions[]
): boolean {
  const head = heads.find(({ key }) => key.groupId === follower.key.groupId);
  if (head === undefined) return false;
  return dispositions.some((known) => isDone(known.get(head.name)));
}

/** A second round must end within this invocation. If time is too short, a later batch takes the followers. */
function hasTimeForRound({ psps }: ExecutorEffects, invocation: Invocation): boolean {
  const { statementDeadlineSeconds, recordReserveSeconds } = TIMING;
  const { lookUpSeconds, sendSeconds } = longestDeadlines(
    [...psps.values()].map(({ abilities }) => abilities),
  );
  const seconds = statementDeadlineSeconds + lookUpSeconds + sendSeconds + recordReserveSeconds;
  return invocation.remainingMilliseconds() >= seconds * 1_000;
}

async function firstOf(
  attempts: Promise<unknown>,
  milliseconds: number,
  effects: ExecutorEffects,
): Promise<void> {
  const { promise: elapsed, resolve } = Promise.withResolvers<void>();
  const cancel = effects.time.after(milliseconds, resolve);
  await Promise.race([attempts, elapsed]);
  cancel();
}
