import type { ClaimedInstruction } from '../../adapters/database/statements/claim-instructions.ts';
import type { AttemptRecord, EvidenceStep } from '../../adapters/database/statements/record-attempts.ts';
import type { ChargeRequest, Psp } from '../../adapters/psp/psp.ts';
import { withDeadline } from '../../adapters/time.ts';
import { unreachable } from '../../domain/assert.ts';
import { pspIdempotencyKeyOf } from '../../domain/payment/instruction.ts';
import {
  type ExpectedCharge,
  type Judgement,
  judgeOutcome,
  manualReview,
} from '../../domain/payment/judge-outcome.ts';
import { type AttemptHistory, firstStepOf, maySendAgain } from '../../domain/payment/next-step.ts';
import { parsePaymentMethod } from '../../domain/payment/payment-method.ts';
import type { PspAbilities, PspFinding, PspOutcome } from '../../domain/payment/psp-outcome.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { evidenceOf } from './evidence.ts';

/** A PSP that nobody knows can neither be asked nor deduplicate: nothing is ever sent to it. */
const NO_ABILITIES: PspAbilities = {
  keyLifetimeSeconds: null,
  lookUpLagSeconds: null,
  landingSeconds: TIMING.defaultLandingSeconds,
  cancelsByKey: false,
  replaysStoredServerErrors: false,
};

interface Performed {
  readonly outcome: PspOutcome;
  readonly sent: boolean;
}

/** Asks or calls the PSP for one claimed instruction and judges what came of it. Never throws. */
export async function performInstruction(
  claim: ClaimedInstruction,
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<AttemptRecord> {
  const steps: EvidenceStep[] = [];
  const psp = effects.psps.get(claim.psp);
  const performed =
    psp === undefined
      ? {
          outcome: { kind: 'misconfigured', reason: `no adapter for PSP ${claim.psp}` } as const,
          sent: false,
        }
      : await new Attempt(psp, claim, effects, invocation, steps).run();
  return {
    instructionId: claim.instruction_id,
    paymentOrderId: claim.payment_order_id,
    attemptNo: claim.attempt_no,
    claimToken: invocation.claimToken,
    judgement: judge(claim, performed, psp?.abilities ?? NO_ABILITIES, effects),
    ledgerTransactionId: effects.ids.next('ltx'),
    steps,
  };
}

/** A contradiction in one instruction is for a person to look at; it must not cost the other nine their record. */
function judge(
  claim: ClaimedInstruction,
  performed: Performed,
  abilities: PspAbilities,
  effects: ExecutorEffects,
): Judgement {
  try {
    return judgeOutcome(performed.outcome, expectedOf(claim), abilities, {
      attemptNo: claim.attempt_no,
      random: effects.ids.random(),
      sent: performed.sent,
      maybeSentBefore: !claim.all_proven_not_sent,
    });
  } catch (error) {
    effects.log.warn('an outcome could not be judged', { instruction_id: claim.instruction_id, error });
    return manualReview(`can't be judged: ${messageOf(error)}`);
  }
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

/** One attempt at one PSP: the steps it takes, each witnessed. */
class Attempt {
  private readonly psp: Psp;
  private readonly effects: ExecutorEffects;
  private readonly invocation: Invocation;
  private readonly steps: EvidenceStep[];
  private readonly history: AttemptHistory;
  private readonly request: ChargeRequest;

  constructor(
    psp: Psp,
    claim: ClaimedInstruction,
    effects: ExecutorEffects,
    invocation: Invocation,
    steps: EvidenceStep[],
  ) {
    this.psp = psp;
    this.effects = effects;
    this.invocation = invocation;
    this.steps = steps;
    this.history = { allProvenNotSent: claim.all_proven_not_sent, ageSeconds: claim.age_seconds };
    this.request = {
      reference: claim.payment_order_id,
      idempotencyKey: pspIdempotencyKeyOf(claim.instruction_id),
      amountMinor: BigInt(claim.amount_minor),
      currency: claim.currency,
      paymentMethod: parsePaymentMethod(claim.payment_method)?.token ?? claim.payment_method,
    };
  }

  async run(): Promise<Performed> {
    return firstStepOf(this.history) === 'send' ? this.send() : this.askFirst();
  }

  private async askFirst(): Promise<Performed> {
    const finding = await this.ask();
    switch (finding.kind) {
      case 'found':
      case 'no_answer':
        return { outcome: finding.outcome, sent: false };
      case 'not_found':
        if (maySendAgain(this.history, this.psp.abilities, TIMING.functionTimeoutSeconds)) return this.send();
        return {
          outcome: { kind: 'unknown', reason: 'not found at the PSP, and not safe to send again' },
          sent: false,
        };
      default:
        return unreachable(finding);
    }
  }

  private async ask(): Promise<PspFinding> {
    const milliseconds = TIMING.lookUpDeadlineSeconds * 1000;
    if (!this.hasTimeFor(milliseconds)) {
      return { kind: 'no_answer', outcome: this.skip('ask') };
    }
    return this.witness('ask', milliseconds, async (signal) => {
      try {
        return await this.psp.lookUp(this.request, signal);
      } catch (error) {
        return { kind: 'no_answer', outcome: { kind: 'unknown', reason: messageOf(error) } };
      }
    });
  }

  private async send(): Promise<Performed> {
    const milliseconds = TIMING.sendDeadlineSeconds * 1000;
    if (!this.hasTimeFor(milliseconds)) return { outcome: this.skip('send'), sent: false };
    const outcome = await this.witness('send', milliseconds, async (signal): Promise<PspOutcome> => {
      try {
        return await this.psp.charge(this.request, signal);
      } catch (error) {
        // An adapter that throws has a bug; what it had sent by then nobody knows.
        return { kind: 'unknown', reason: messageOf(error) };
      }
    });
    const reached =
      outcome.kind !== 'not_sent' && outcome.kind !== 'rate_limited' && outcome.kind !== 'misconfigured';
    return { outcome, sent: reached };
  }

  /** A call starts only if it can end, and be recorded, within this invocation (rule 5). */
  private hasTimeFor(milliseconds: number): boolean {
    return this.invocation.remainingMilliseconds() >= milliseconds + TIMING.recordReserveSeconds * 1000;
  }

  private skip(step: 'ask' | 'send'): Extract<PspOutcome, { kind: 'not_sent' }> {
    const now = new Date(this.effects.time.now());
    const reason = `too little time left to ${step}`;
    this.steps.push({
      action: 'skip',
      outcome: 'not_sent',
      detail: { reason },
      startedAt: now,
      finishedAt: now,
    });
    return { kind: 'not_sent', reason };
  }

  private async witness<Answer extends PspFinding | PspOutcome>(
    action: 'ask' | 'send',
    milliseconds: number,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const startedAt = new Date(this.effects.time.now());
    const answer = await withDeadline(this.effects.time, milliseconds, call);
    this.steps.push({
      action,
      ...evidenceOf(answer),
      startedAt,
      finishedAt: new Date(this.effects.time.now()),
    });
    return answer;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
