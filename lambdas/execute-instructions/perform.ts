import type { ClaimedInstruction } from '../../adapters/database/statements/claim-instructions.ts';
import type { AttemptRecord, EvidenceStep } from '../../adapters/database/statements/record-attempts.ts';
import type { Psp } from '../../adapters/psp/psp.ts';
import type { PspHealth } from '../../domain/payment/circuit.ts';
import {
  type Attempt as DecidedAttempt,
  decide,
  type ExpectedCharge,
  manualReview,
  type Transition,
} from '../../domain/payment/decide.ts';
import type { PspAbilities } from '../../domain/payment/psp-outcome.ts';
import { decideResolution, type Resolution } from '../../domain/payment/resolve.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { Attempt, type Charged } from './attempt.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';

/** Of a PSP that this version of the code doesn't know: nothing is ever sent to it. */
const NO_ABILITIES: PspAbilities = {
  keyLifetimeSeconds: null,
  lookUpLagSeconds: null,
  maxInFlightSeconds: TIMING.defaultMaxInFlightSeconds,
  invalidatesByKey: false,
  replaysStoredServerErrors: false,
};

interface Performed {
  readonly transition: Transition;
  readonly steps: readonly EvidenceStep[];
  readonly health: PspHealth;
}

/** Asks or calls the PSP for one claimed instruction and judges what came of it. Never throws. */
export async function performInstruction(
  claim: ClaimedInstruction,
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<AttemptRecord> {
  const psp = effects.psps.get(claim.psp);
  const performed =
    psp === undefined ? withoutAdapter(claim, effects) : await attempt(psp, claim, effects, invocation);
  return {
    instructionId: claim.instruction_id,
    paymentOrderId: claim.payment_order_id,
    psp: claim.psp,
    correlationId: claim.correlation_id,
    attemptNo: claim.attempt_no,
    claimToken: invocation.claimToken,
    isProbe: claim.is_probe,
    ledgerTransactionId: effects.ids.next('ltx'),
    ...performed,
  };
}

async function attempt(
  psp: Psp,
  claim: ClaimedInstruction,
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<Performed> {
  const tried = new Attempt(psp, claim, effects, invocation);
  const transition = isResolving(claim)
    ? decideResolved(await tried.resolve(), psp, claim, effects)
    : decideCharged(await tried.charge(), psp, claim, effects);
  return { transition, steps: tried.steps, health: tried.health };
}

function decideCharged(
  charged: Charged,
  psp: Psp,
  claim: ClaimedInstruction,
  effects: ExecutorEffects,
): Transition {
  return judged(claim, effects, () =>
    decide(charged.outcome, expectedOf(claim), psp.abilities, decidedAttempt(claim, effects, charged.sent)),
  );
}

function decideResolved(
  resolution: Resolution,
  psp: Psp,
  claim: ClaimedInstruction,
  effects: ExecutorEffects,
): Transition {
  return judged(claim, effects, () =>
    decideResolution(resolution, expectedOf(claim), psp.abilities, decidedAttempt(claim, effects, false)),
  );
}

/** Past its last cycle an instruction is only settled, however it was claimed (rule 11). */
function isResolving(claim: ClaimedInstruction): boolean {
  return claim.cycle >= TIMING.cycles;
}

/** Until a version that knows the PSP is deployed. */
function withoutAdapter(claim: ClaimedInstruction, effects: ExecutorEffects): Performed {
  const reason = `no adapter for PSP ${claim.psp}`;
  const now = new Date(effects.time.now());
  const transition = isResolving(claim)
    ? manualReview(reason)
    : decide(
        { kind: 'misconfigured', reason },
        expectedOf(claim),
        NO_ABILITIES,
        decidedAttempt(claim, effects, false),
      );
  return {
    transition,
    steps: [
      { action: 'skip', outcome: 'misconfigured', detail: { reason }, startedAt: now, finishedAt: now },
    ],
    health: { kind: 'failed', cause: 'misconfigured', reason },
  };
}

/** A contradiction in one instruction is for a person to look at; it must not cost the other nine their record. */
function judged(claim: ClaimedInstruction, effects: ExecutorEffects, judge: () => Transition): Transition {
  try {
    return judge();
  } catch (error) {
    effects.log.warn('an outcome could not be judged', {
      instruction_id: claim.instruction_id,
      correlation_id: claim.correlation_id,
      error,
    });
    return manualReview(`can't be judged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function decidedAttempt(claim: ClaimedInstruction, effects: ExecutorEffects, sent: boolean): DecidedAttempt {
  return {
    attemptNo: claim.attempt_no,
    random: effects.ids.random(),
    sent,
    maybeSentBefore: !claim.all_proven_not_sent,
    isProbe: claim.is_probe,
  };
}

function expectedOf(claim: ClaimedInstruction): ExpectedCharge {
  return {
    psp: claim.psp,
    reference: claim.payment_order_id,
    amountMinor: BigInt(claim.amount_minor),
    currency: claim.currency,
    splits: claim.splits,
  };
}
