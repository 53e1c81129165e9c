import type {
  ClaimedInstruction,
  HeldInstruction,
  UnreadableInstruction,
} from '../../adapters/database/statements/claim-instructions.ts';
import type { FinishedAttempt } from '../../adapters/database/statements/record-attempts.ts';
import { type AttemptedInstruction, decide, type Observation } from '../../domain/payment/decide.ts';
import { manualReview, type Transition } from '../../domain/payment/transition.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { abilitiesOf, observe } from './observe.ts';

/** Looks up or calls the PSP for one instruction and decides its transition. Never throws. */
export async function attempt(
  instruction: HeldInstruction,
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<FinishedAttempt> {
  const attempted =
    instruction.verdict === 'unreadable'
      ? setAside(instruction, effects)
      : await carryOut(instruction, effects, invocation);
  return {
    ...attempted,
    instructionId: instruction.instruction_id,
    paymentOrderId: instruction.payment_order_id,
    psp: instruction.psp_account,
    correlationId: instruction.correlation_id,
    attemptNo: instruction.attempt_no,
    claimToken: invocation.claimToken,
    isProbe: instruction.is_probe,
    movementId: effects.ids.next('mov'),
    ledgerTransactionIds: attempted.transition.postings.map(() => effects.ids.next('ltx')),
  };
}

/** What becomes of the instruction, and why. */
type Attempted = Pick<FinishedAttempt, 'transition' | 'steps' | 'health'>;

async function carryOut(
  instruction: ClaimedInstruction,
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<Attempted> {
  const { observation, steps, health } = await observe(instruction, effects, invocation);
  return { transition: transitionOf(instruction, observation, effects), steps, health };
}

/** Nobody knows what its PSP is to be told, so nothing is sent. It says nothing about the PSP. */
function setAside({ reason }: UnreadableInstruction, { time }: ExecutorEffects): Attempted {
  const now = new Date(time.now());
  const skipped = { action: 'skip', outcome: 'not_sent', detail: { reason } } as const;
  return {
    transition: { ...manualReview(`can't be read: ${reason}`), provenNotSent: true },
    steps: [{ ...skipped, startedAt: now, finishedAt: now }],
    health: { kind: 'silent' },
  };
}

/** A bug in one decision sends that instruction to manual review; the rest of the batch is still recorded. */
function transitionOf(
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
    operation: instruction.operation,
    expected: {
      psp: instruction.psp_account,
      reference: instruction.group_id,
      amountMinor: BigInt(instruction.amount_minor),
      currency: instruction.currency,
      splits: instruction.splits,
    },
    abilities: abilitiesOf(effects.psps.get(instruction.psp_account), instruction.operation),
    attemptNo: instruction.attempt_no,
    maybeSentBefore: !instruction.all_proven_not_sent,
    isResolved: instruction.verdict === 'resolve',
    isTooLateToSend: instruction.is_too_late_to_send,
    awaits: instruction.awaits,
    secondsPastExpiry: instruction.seconds_past_expiry,
    isProbe: instruction.is_probe,
    random: effects.ids.random(),
  };
}
