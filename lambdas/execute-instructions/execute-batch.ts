import type { SQSRecord } from 'aws-lambda';
import {
  type ClaimedInstruction,
  claimInstructions,
  isClaimed,
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
import { type AttemptedInstruction, decide, type Observation } from '../../domain/payment/decide.ts';
import { consumedKeyOf, instructionNameOf } from '../../domain/payment/instruction.ts';
import { propagationSeconds, TIMING } from '../../domain/payment/timing.ts';
import { manualReview, type Transition } from '../../domain/payment/transition.ts';
import { acknowledge } from './acknowledge.ts';
import { type BatchItem, correlationIdsOf, itemsOf, readBatch } from './batch.ts';
import {
  againLater,
  type Dispositions,
  dispositionOfAttempt,
  dispositionOfRefusal,
  isDone,
} from './dispositions.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { abilitiesOf, observe } from './observe.ts';
import { tellClaimed, tellRecorded, tellRefused } from './tell.ts';

/**
 * Executes a batch of instructions: consumed? → claim → look up or call the PSP → decide → record → consume →
 * acknowledge. A constant number of requests per batch, whatever it holds.
 *
 * @returns the ids of the messages that must come again
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
  const next = hasTimeForRound(invocation) ? batch.followers.filter(isNext) : [];
  const followers = await executeRound(next, effects, invocation);

  const executed: Dispositions = new Map([...consumed, ...heads, ...followers]);
  const unconsumed = await consume(itemsOf(batch), executed, effects);
  return acknowledge(records, batch, new Map([...executed, ...unconsumed]), effects, invocation);
}

/** The record spares the database; it is not the truth. Where it can't be read, the claim will tell. */
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

/** Claim, look up or call, record: a constant number of round trips whatever the number of instructions. */
async function executeRound(
  items: readonly BatchItem[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<Dispositions> {
  if (items.length === 0) return new Map();
  const verdicts = await claim(items, effects, invocation);
  if (verdicts === undefined) return againLater(items);

  const claimed = verdicts.filter(isClaimed);
  const refused = verdicts.filter((verdict) => !isClaimed(verdict));
  tellClaimed(claimed, effects);
  tellRefused(refused, effects);
  const recorded = await carryOut(claimed, effects, invocation);

  return new Map([
    ...refused.map((verdict) => [instructionNameOf(keyOf(verdict)), dispositionOfRefusal(verdict)] as const),
    ...claimed.map((instruction) => {
      const row = recorded.get(instruction.instruction_id);
      return [instructionNameOf(keyOf(instruction)), dispositionOfAttempt(row)] as const;
    }),
  ]);
}

/** One verdict per item; undefined where the database gave none. */
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
        psps.map(({ name, abilities }) => [name, propagationSeconds(abilities)]),
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

/** Results that are in by then are recorded at once; the slow ones follow in a second wave, so that one slow PSP delays nobody. */
const FIRST_WAVE_MS = 1_000;

/**
 * An attempt at each claimed instruction, all at once; two waves of records at most (rule 6). Every call to a PSP has ended
 * when this returns (rule 5).
 *
 * @returns what the database says of each attempt that could be recorded, by instruction
 */
async function carryOut(
  claimed: readonly ClaimedInstruction[],
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

/** Looks up or calls the PSP for one instruction, and decides what becomes of it. Never throws. */
async function attempt(
  instruction: ClaimedInstruction,
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<FinishedAttempt> {
  const { observation, steps, health } = await observe(instruction, effects, invocation);
  return {
    instructionId: instruction.instruction_id,
    paymentOrderId: instruction.payment_order_id,
    psp: instruction.psp,
    correlationId: instruction.correlation_id,
    attemptNo: instruction.attempt_no,
    claimToken: invocation.claimToken,
    isProbe: instruction.is_probe,
    ledgerTransactionId: effects.ids.next('ltx'),
    transition: decided(instruction, observation, effects),
    steps,
    health,
  };
}

/** A contradiction in one instruction is for a person to look at; it must not cost the other nine their record. */
function decided(
  instruction: ClaimedInstruction,
  observation: Observation,
  effects: ExecutorEffects,
): Transition {
  try {
    return decide(attemptedInstruction(instruction, effects), observation);
  } catch (error) {
    const { instruction_id, correlation_id } = instruction;
    effects.log.warn('an outcome could not be decided', { instruction_id, correlation_id, error });
    return manualReview(`can't be decided: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function attemptedInstruction(
  instruction: ClaimedInstruction,
  effects: ExecutorEffects,
): AttemptedInstruction {
  return {
    expected: {
      psp: instruction.psp,
      reference: instruction.payment_order_id,
      amountMinor: BigInt(instruction.amount_minor),
      currency: instruction.currency,
      splits: instruction.splits,
    },
    abilities: abilitiesOf(effects.psps.get(instruction.psp)),
    attemptNo: instruction.attempt_no,
    maybeSentBefore: !instruction.all_proven_not_sent,
    isResolved: instruction.verdict === 'resolve',
    isProbe: instruction.is_probe,
    random: effects.ids.random(),
  };
}

async function record(
  attempts: readonly FinishedAttempt[],
  claimed: readonly ClaimedInstruction[],
  effects: ExecutorEffects,
): Promise<readonly RecordedAttempt[]> {
  const shard = Math.floor(effects.ids.random() * PLATFORM_SHARDS);
  const rows = await recordAttempts(effects.database, attempts, shard, effects.log.warn);
  for (const row of rows) {
    const finished = attempts.find(({ instructionId }) => instructionId === row.instruction_id);
    const instruction = claimed.find(({ instruction_id }) => instruction_id === row.instruction_id);
    assert(finished !== undefined && instruction !== undefined, `${row.instruction_id} was not attempted`);
    tellRecorded(row, finished, instruction, effects);
  }
  return rows;
}

/** Only what the database says is terminal, and before it is acknowledged (rule 8). @returns what must come again instead */
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

/** What waits behind another message of its order is tried when that one has come to its end. */
function isHeadDone(
  follower: BatchItem,
  heads: readonly BatchItem[],
  ...dispositions: readonly Dispositions[]
): boolean {
  const head = heads.find(({ key }) => key.paymentOrderId === follower.key.paymentOrderId);
  if (head === undefined) return false;
  return dispositions.some((known) => isDone(known.get(head.name)));
}

/** A second round must end within the invocation as the first does; where it couldn't, another batch has the time. */
function hasTimeForRound(invocation: Invocation): boolean {
  const { statementDeadlineSeconds, lookUpDeadlineSeconds, sendDeadlineSeconds, recordReserveSeconds } =
    TIMING;
  const seconds =
    statementDeadlineSeconds + lookUpDeadlineSeconds + sendDeadlineSeconds + recordReserveSeconds;
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
