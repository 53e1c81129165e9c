import {
  type ClaimedInstruction,
  claimInstructions,
  isClaimed,
  keyOf,
  type Refusal,
  type Verdict,
} from '../../adapters/database/statements/claim-instructions.ts';
import type { AttemptRecord, RecordedAttempt } from '../../adapters/database/statements/record-attempts.ts';
import { assert, unreachable } from '../../domain/assert.ts';
import { CIRCUIT } from '../../domain/payment/circuit.ts';
import { instructionNameOf, isTerminal } from '../../domain/payment/instruction.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { correlationIdsOf, type Work } from './batch.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { performInstruction } from './perform.ts';
import { record } from './record.ts';
import { infrastructureBackoffSeconds } from './sqs-record.ts';

/** What becomes of an instruction's messages. */
export type Disposition =
  /** Terminal by the database's word: recorded as consumed, then acknowledged (rule 8). */
  | { readonly kind: 'consume' }
  | { readonly kind: 'acknowledge' }
  /** Made invisible for so long and reported as failed (rules 2 and 9). */
  | { readonly kind: 'again'; readonly seconds: number }
  /** Poison: kept in the database, then a dead letter, or quarantined where it is seen again. */
  | { readonly kind: 'poison'; readonly reason: string }
  /** Sent to the dead-letter queue, then acknowledged. */
  | { readonly kind: 'dead_letter'; readonly reason: string; readonly cycle: number };

/** By the name of the work. */
export type Dispositions = Map<string, Disposition>;

/** Another worker is inside a statement on this row; that takes milliseconds. */
const LOCKED_SECONDS = 2;
/** Results that are in by then are recorded at once; the slow ones follow in a second wave, so that one slow PSP delays nobody. */
const FIRST_WAVE_MS = 1_000;

/** Claim, ask or call, record: a constant number of round trips whatever the number of instructions. */
export async function executeRound(
  works: readonly Work[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<Dispositions> {
  const dispositions: Dispositions = new Map();
  if (works.length === 0) return dispositions;
  const claimed: ClaimedInstruction[] = [];
  for (const verdict of await claim(works, effects, invocation, dispositions)) {
    if (isClaimed(verdict)) claimed.push(verdict);
    else {
      if (isParked(verdict)) effects.meter.put('InstructionsParked', 1);
      dispositions.set(instructionNameOf(keyOf(verdict)), concludeVerdict(verdict));
    }
  }
  logStarted(claimed, effects);
  await performAll(claimed, effects, invocation, dispositions);
  return dispositions;
}

async function claim(
  works: readonly Work[],
  effects: ExecutorEffects,
  invocation: Invocation,
  dispositions: Dispositions,
): Promise<readonly Verdict[]> {
  const settling = [...effects.psps.values()].map((psp): [string, number] => [
    psp.name,
    psp.abilities.maxInFlightSeconds + (psp.abilities.lookUpLagSeconds ?? 0),
  ]);
  try {
    return await claimInstructions(effects.database, {
      instructions: works.map(({ key, deadLetterCycle }) => ({ ...key, deadLetterCycle })),
      claimToken: invocation.claimToken,
      leaseSeconds: TIMING.leaseSeconds,
      propagationSecondsByPsp: Object.fromEntries(settling),
      defaultPropagationSeconds: TIMING.defaultMaxInFlightSeconds + TIMING.defaultLookUpLagSeconds,
      attemptsPerCycle: TIMING.attemptsPerCycle,
      cycles: TIMING.cycles,
      probes: CIRCUIT.probes,
    });
  } catch (error) {
    effects.log.warn('nothing could be claimed', { error, correlation_ids: correlationIdsOf(works) });
    for (const work of works) {
      dispositions.set(work.name, { kind: 'again', seconds: infrastructureBackoffSeconds(work.records) });
    }
    return [];
  }
}

/** By this claim, to be sent by the relay when circuit or pause is over. */
function isParked({ verdict }: Refusal): boolean {
  return verdict === 'circuit_open' || verdict === 'paused';
}

function concludeVerdict(verdict: Refusal): Disposition {
  switch (verdict.verdict) {
    case 'terminal':
      return { kind: 'consume' };
    // What is paused, or waits for a circuit, was parked by the claim: the relay sends it again.
    case 'quarantined':
    case 'paused':
    case 'circuit_open':
      return { kind: 'acknowledge' };
    case 'waiting':
      return verdict.parked
        ? { kind: 'acknowledge' }
        : { kind: 'again', seconds: Math.max(1, verdict.seconds_left) };
    case 'not_before':
      return { kind: 'again', seconds: Math.max(1, verdict.seconds_left) };
    case 'exhausted':
      return { kind: 'dead_letter', reason: verdict.reason, cycle: verdict.cycle };
    case 'locked':
      return { kind: 'again', seconds: LOCKED_SECONDS };
    case 'mismatched':
      return { kind: 'poison', reason: mismatchOf(verdict) };
    case 'missing':
      return { kind: 'poison', reason: `no such instruction ${verdict.instruction_id}` };
    default:
      return unreachable(verdict);
  }
}

function mismatchOf(verdict: Extract<Refusal, { verdict: 'mismatched' }>): string {
  const { instruction_id, payment_order_id, operation, reason } = verdict;
  return `instruction ${instruction_id} is a ${reason}, not a ${operation} of ${payment_order_id}`;
}

/** All PSP calls at once; two waves of records at most (rule 6). Every call has ended when this returns (rule 5). */
async function performAll(
  claimed: readonly ClaimedInstruction[],
  effects: ExecutorEffects,
  invocation: Invocation,
  dispositions: Dispositions,
): Promise<void> {
  const done = new Map<string, AttemptRecord>();
  const performances = claimed.map(async (instruction) => {
    const record = await performInstruction(instruction, effects, invocation);
    done.set(record.instructionId, record);
  });
  const all = Promise.all(performances);
  await firstOf(all, FIRST_WAVE_MS, effects);
  const firstWave = [...done.values()];
  const recordFirstWave = recordWave(firstWave, claimed, effects, dispositions);
  await all;
  await recordFirstWave;
  const recorded = new Set(firstWave.map((record) => record.instructionId));
  const secondWave = [...done.values()].filter((record) => !recorded.has(record.instructionId));
  await recordWave(secondWave, claimed, effects, dispositions);
}

async function firstOf(
  work: Promise<unknown>,
  milliseconds: number,
  effects: ExecutorEffects,
): Promise<void> {
  let cancel = () => {};
  const elapsed = new Promise<void>((resolve) => {
    cancel = effects.time.after(milliseconds, resolve);
  });
  await Promise.race([work, elapsed]);
  cancel();
}

async function recordWave(
  records: readonly AttemptRecord[],
  claimed: readonly ClaimedInstruction[],
  effects: ExecutorEffects,
  dispositions: Dispositions,
): Promise<void> {
  if (records.length === 0) return;
  const rows = new Map((await record(records, effects)).map((row) => [row.instruction_id, row]));
  for (const attempt of records) {
    const row = rows.get(attempt.instructionId);
    const claim = claimed.find((claim) => claim.instruction_id === attempt.instructionId);
    assert(claim !== undefined, `${attempt.instructionId} is recorded and was not claimed`);
    dispositions.set(instructionNameOf(keyOf(claim)), dispositionOfRecord(row));
    if (row?.stands) meterRecorded(row, attempt, effects);
    if (row?.order_changed) logRecorded(claim, attempt, effects);
  }
}

/** Never acknowledged on "nothing changed" alone (rule 7). */
function dispositionOfRecord(row: RecordedAttempt | undefined): Disposition {
  if (row === undefined) return { kind: 'again', seconds: TIMING.leaseSeconds };
  if (isTerminal(row.state)) return { kind: 'consume' };
  if (row.state === 'dead_lettered') {
    return { kind: 'dead_letter', reason: row.reason ?? 'no reason was recorded', cycle: row.cycle };
  }
  if (row.state === 'quarantined' || (row.stands && row.parked)) return { kind: 'acknowledge' };
  return { kind: 'again', seconds: Math.max(1, row.seconds_left) };
}

function logStarted(claimed: readonly ClaimedInstruction[], effects: ExecutorEffects): void {
  for (const claim of claimed) {
    if (!claim.order_started) continue;
    effects.log.orderChanged({
      ...orderOf(claim),
      from: 'NOT_STARTED',
      to: 'EXECUTING',
      statusDetail: 'psp_requested',
      reason: null,
    });
  }
}

function logRecorded(claim: ClaimedInstruction, attempt: AttemptRecord, effects: ExecutorEffects): void {
  const { orderStatus, orderStatusDetail, reason, failure } = attempt.transition;
  effects.log.orderChanged({
    ...orderOf(claim),
    from: 'EXECUTING',
    to: orderStatus,
    statusDetail: orderStatusDetail,
    reason: failure?.code ?? reason,
  });
}

function meterRecorded(row: RecordedAttempt, attempt: AttemptRecord, { meter }: ExecutorEffects): void {
  const { psp, transition } = attempt;
  if (transition.orderStatusDetail === 'outcome_unknown') meter.put('OutcomesUnknown', 1, psp);
  if (row.state === 'quarantined') meter.put('InstructionsQuarantined', 1, psp);
  if (!row.order_changed || (transition.orderStatus !== 'SUCCESS' && transition.orderStatus !== 'FAILED'))
    return;
  meter.put(transition.orderStatus === 'SUCCESS' ? 'OrdersSucceeded' : 'OrdersFailed', 1, psp);
  if (row.age_milliseconds !== null) meter.put('TimeToTerminal', row.age_milliseconds, psp);
}

function orderOf(claim: ClaimedInstruction) {
  return {
    merchantId: claim.merchant_id,
    paymentId: claim.payment_id,
    paymentOrderId: claim.payment_order_id,
    correlationId: claim.correlation_id,
    amountMinor: BigInt(claim.amount_minor),
    currency: claim.currency,
  };
}
