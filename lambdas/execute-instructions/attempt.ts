import type { ClaimedInstruction } from '../../adapters/database/statements/claim-instructions.ts';
import type { EvidenceStep } from '../../adapters/database/statements/record-attempts.ts';
import type { ChargeRequest, Psp } from '../../adapters/psp/psp.ts';
import { withDeadline } from '../../adapters/time.ts';
import { unreachable } from '../../domain/assert.ts';
import { healthOf, type PspHealth } from '../../domain/payment/circuit.ts';
import { pspIdempotencyKeyOf } from '../../domain/payment/instruction.ts';
import { type AttemptHistory, firstStepOf, maySendAgain } from '../../domain/payment/next-step.ts';
import { parsePaymentMethod } from '../../domain/payment/payment-method.ts';
import type { PspFinding, PspInvalidation, PspOutcome } from '../../domain/payment/psp-outcome.ts';
import type { Resolution } from '../../domain/payment/resolve.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { evidenceOf } from './evidence.ts';

/** What a charging attempt came to, and whether it sent anything itself. */
export interface Charged {
  readonly outcome: PspOutcome;
  readonly sent: boolean;
}

type Action = 'look_up' | 'send' | 'invalidate';
type NotSent = Extract<PspOutcome, { kind: 'not_sent' }>;

/** One attempt at one PSP: the steps it takes, each recorded. */
export class Attempt {
  readonly steps: EvidenceStep[] = [];
  /** What the last answer says of the PSP. */
  health: PspHealth = { kind: 'silent' };
  private readonly psp: Psp;
  private readonly effects: ExecutorEffects;
  private readonly invocation: Invocation;
  private readonly history: AttemptHistory;
  private readonly request: ChargeRequest;

  constructor(psp: Psp, claim: ClaimedInstruction, effects: ExecutorEffects, invocation: Invocation) {
    this.psp = psp;
    this.effects = effects;
    this.invocation = invocation;
    this.history = { allProvenNotSent: claim.all_proven_not_sent, ageSeconds: claim.age_seconds };
    this.request = {
      reference: claim.payment_order_id,
      idempotencyKey: pspIdempotencyKeyOf(claim.instruction_id),
      amountMinor: BigInt(claim.amount_minor),
      currency: claim.currency,
      paymentMethod: parsePaymentMethod(claim.payment_method)?.token ?? claim.payment_method,
    };
  }

  /** Sends, or asks first where something may have been sent before (rules 3 and 4). */
  async charge(): Promise<Charged> {
    if (firstStepOf(this.history) === 'send') return this.send();
    const finding = await this.lookUp();
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

  /** Sends nothing any more: finds out whether there is a charge, and fences where there is none (rule 11). */
  async resolve(): Promise<Resolution> {
    if (this.history.allProvenNotSent) return { kind: 'never_sent' };
    const finding = await this.lookUp();
    switch (finding.kind) {
      case 'found':
      case 'no_answer':
        return finding;
      case 'not_found':
        return this.psp.abilities.invalidatesByKey ? this.invalidateKey() : { kind: 'cannot_invalidate' };
      default:
        return unreachable(finding);
    }
  }

  private async invalidateKey(): Promise<Resolution> {
    const invalidation = await this.invalidate();
    return invalidation.kind === 'invalidated' ? { kind: 'invalidated' } : invalidation;
  }

  private async lookUp(): Promise<PspFinding> {
    const milliseconds = TIMING.lookUpDeadlineSeconds * 1000;
    if (!this.hasTimeFor(milliseconds)) return { kind: 'no_answer', outcome: this.skip('look_up') };
    return this.recordStep('look_up', milliseconds, async (signal) => {
      try {
        return await this.psp.lookUp(this.request, signal);
      } catch (error) {
        return { kind: 'no_answer', outcome: unknown(error) };
      }
    });
  }

  private async invalidate(): Promise<PspInvalidation> {
    const milliseconds = TIMING.lookUpDeadlineSeconds * 1000;
    if (!this.hasTimeFor(milliseconds)) return { kind: 'no_answer', outcome: this.skip('invalidate') };
    return this.recordStep('invalidate', milliseconds, async (signal) => {
      try {
        return await this.psp.invalidate(this.request, signal);
      } catch (error) {
        return { kind: 'no_answer', outcome: unknown(error) };
      }
    });
  }

  private async send(): Promise<Charged> {
    const milliseconds = TIMING.sendDeadlineSeconds * 1000;
    if (!this.hasTimeFor(milliseconds)) return { outcome: this.skip('send'), sent: false };
    const outcome = await this.recordStep('send', milliseconds, async (signal): Promise<PspOutcome> => {
      try {
        return await this.psp.charge(this.request, signal);
      } catch (error) {
        // An adapter that throws has a bug; what it had sent by then nobody knows.
        return unknown(error);
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

  /** Our own lack of time says nothing of the PSP. */
  private skip(step: Action): NotSent {
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

  private async recordStep<Answer extends PspFinding | PspOutcome | PspInvalidation>(
    action: Action,
    milliseconds: number,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const startedAt = new Date(this.effects.time.now());
    const answer = await withDeadline(this.effects.time, milliseconds, call);
    this.health = healthOf(answer);
    this.steps.push({
      action,
      ...evidenceOf(answer),
      startedAt,
      finishedAt: new Date(this.effects.time.now()),
    });
    return answer;
  }
}

function unknown(error: unknown): Extract<PspOutcome, { kind: 'unknown' }> {
  return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) };
}
