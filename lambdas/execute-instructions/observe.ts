import type { ClaimedInstruction } from '../../adapters/database/statements/claim-instructions.ts';
import type { EvidenceStep } from '../../adapters/database/statements/record-attempts.ts';
import type { Psp, PspRequest, Traced } from '../../adapters/psp/psp.ts';
import { withDeadline } from '../../adapters/time.ts';
import { assert } from '../../domain/assert.ts';
import { healthOf, type PspHealth } from '../../domain/payment/circuit.ts';
import type { Observation } from '../../domain/payment/decide.ts';
import { pspIdempotencyKeyOf } from '../../domain/payment/instruction.ts';
import {
  type AttemptHistory,
  firstStepOf,
  maySendAgain,
  stepAfterLookUp,
} from '../../domain/payment/next-step.ts';
import { parsePaymentMethod } from '../../domain/payment/payment-method.ts';
import type { OperationAbilities } from '../../domain/payment/psp-abilities.ts';
import type { Operation, PspFinding, PspInvalidation, PspOutcome } from '../../domain/payment/psp-outcome.ts';
import { deadlinesOf, NO_ABILITIES, TIMING } from '../../domain/payment/timing.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { evidenceOf } from './evidence.ts';

/** The observation of one attempt, the requests behind it, and what it says about the PSP's health. */
export interface Observed {
  readonly observation: Observation;
  readonly steps: readonly EvidenceStep[];
  readonly health: PspHealth;
}

/** What the calls of one attempt need. */
interface Caller {
  readonly psp: Psp;
  readonly request: PspRequest;
  readonly abilities: OperationAbilities;
  readonly history: AttemptHistory;
  readonly effects: ExecutorEffects;
  readonly invocation: Invocation;
}

export function abilitiesOf(psp: Psp | undefined, operation: Operation): OperationAbilities {
  return psp?.abilities.operations[operation] ?? NO_ABILITIES;
}

/** Calls or looks up the PSP for one claimed instruction. Never throws. */
export async function observe(
  instruction: ClaimedInstruction,
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<Observed> {
  const psp = effects.psps.get(instruction.psp_account);
  if (psp === undefined) return notCarriedOut(`no adapter for PSP ${instruction.psp_account}`, effects);
  const { operation } = instruction;
  const abilities = psp.abilities.operations[operation];
  const request = requestOf(instruction);
  if (abilities === undefined || request === undefined) {
    return notCarriedOut(`no ${operation} at PSP ${psp.account}`, effects);
  }
  const caller = {
    psp,
    request,
    abilities,
    history: historyOf(instruction),
    effects,
    invocation,
  };
  const sendsNothing = instruction.verdict === 'resolve' || caller.history.isTooLateToSend;
  if (firstStepOf(caller.history) === 'look_up') return lookUpFirst(caller, sendsNothing);
  return sendsNothing ? neverSent() : observedOf(await send(caller));
}

function historyOf(instruction: ClaimedInstruction): AttemptHistory {
  return {
    allProvenNotSent: instruction.all_proven_not_sent,
    ageSeconds: instruction.age_seconds,
    awaits: instruction.awaits,
    isSameCredential: instruction.is_same_credential,
    isTooLateToSend: instruction.is_too_late_to_send,
    isExpired: (instruction.seconds_past_expiry ?? -1) >= 0,
  };
}

/**
 * Looks up what may have been sent (rule 3). Then it is sent again where that is safe (rule 4); where nothing is sent any more,
 * what isn't found is invalidated (rule 11).
 */
async function lookUpFirst(caller: Caller, sendsNothing: boolean): Promise<Observed> {
  const { history, abilities } = caller;
  const found = await lookUp(caller);
  const finding = found.answer;
  if (finding.kind === 'no_time') return observedOf(found);
  if (
    finding.kind === 'not_found' &&
    !sendsNothing &&
    maySendAgain(history, abilities, TIMING.functionTimeoutSeconds)
  )
    return after(found, observedOf(await send(caller)));
  switch (stepAfterLookUp(finding, history, abilities, sendsNothing)) {
    case 'confirm':
      return after(found, observedOf(await confirm(caller, finding)));
    case 'invalidate':
      return after(found, invalidated(await invalidate(caller), finding));
    case 'none':
      return observedOf(found);
  }
}

/** Nothing is sent any more, and every attempt is proven never to have reached the PSP. */
function neverSent(): Observed {
  return { observation: { kind: 'never_sent' }, steps: [], health: { kind: 'silent' } };
}

/** The buyer's last failed action, if there is one, is why the order fails. */
function invalidated(called: Called, finding: PspFinding): Observed {
  const observed = observedOf(called);
  if (observed.observation.kind !== 'invalidated' || finding.kind !== 'found') return observed;
  const { outcome } = finding;
  if (outcome.kind !== 'declined') return observed;
  return { ...observed, observation: { kind: 'invalidated', decline: outcome.decline } };
}

/** The buyer has approved the object that the look-up found: our request completes it. */
function confirm(caller: Caller, finding: PspFinding): Promise<Called> {
  assert(
    finding.kind === 'found' && finding.outcome.kind === 'requires_action',
    'only an open object is confirmed',
  );
  return send({ ...caller, request: { ...caller.request, pspReference: finding.outcome.pspReference } });
}

function send(caller: Caller): Promise<Called> {
  const { psp, request, abilities } = caller;
  return call(
    caller,
    'send',
    deadlinesOf(abilities).sendSeconds,
    async (signal): Promise<Traced<PspOutcome>> => {
      try {
        return await psp.execute(request, signal);
      } catch (error) {
        // An adapter that throws has a bug; it may have sent the request.
        return unknown(error);
      }
    },
  );
}

function lookUp(caller: Caller): Promise<Called<PspFinding>> {
  const { psp, request, abilities } = caller;
  return call(
    caller,
    'look_up',
    deadlinesOf(abilities).lookUpSeconds,
    async (signal): Promise<Traced<PspFinding>> => {
      try {
        return await psp.find(request, signal);
      } catch (error) {
        return { kind: 'no_answer', outcome: unknown(error) };
      }
    },
  );
}

function invalidate(caller: Caller): Promise<Called> {
  const { psp, request, abilities } = caller;
  return call(
    caller,
    'invalidate',
    deadlinesOf(abilities).lookUpSeconds,
    async (signal): Promise<Traced<PspInvalidation>> => {
      try {
        return await psp.invalidate(request, signal);
      } catch (error) {
        return { kind: 'no_answer', outcome: unknown(error) };
      }
    },
  );
}

type Action = 'look_up' | 'send' | 'invalidate';
type PspAnswer = PspFinding | PspOutcome | PspInvalidation;
interface NoTime {
  readonly kind: 'no_time';
  readonly reason: string;
}

interface Called<Answer = PspAnswer> {
  readonly answer: Answer | NoTime;
  readonly step: EvidenceStep;
}

/** A call starts only if it can end, and be recorded, within this invocation (rule 5). */
async function call<Answer extends PspAnswer>(
  { effects, invocation }: Caller,
  action: Action,
  deadlineSeconds: number,
  request: (signal: AbortSignal) => Promise<Traced<Answer>>,
): Promise<Called<Answer>> {
  const { time } = effects;
  const startedAt = new Date(time.now());
  const needed = (deadlineSeconds + TIMING.recordReserveSeconds) * 1000;
  if (invocation.remainingMilliseconds() < needed) {
    const reason = `too little time left to ${action}`;
    const skipped = { action: 'skip', outcome: 'not_sent', detail: { reason } } as const;
    return { answer: { kind: 'no_time', reason }, step: { ...skipped, startedAt, finishedAt: startedAt } };
  }
  const answer = await withDeadline(time, deadlineSeconds * 1000, request);
  const step = { action, ...evidenceOf(answer), startedAt, finishedAt: new Date(time.now()) };
  return { answer, step };
}

function observedOf({ answer, step }: Called): Observed {
  return {
    observation: observationOf(answer, step.action === 'send'),
    steps: [step],
    // Our own lack of time says nothing about the PSP.
    health: answer.kind === 'no_time' ? { kind: 'silent' } : healthOf(answer),
  };
}

function observationOf(answer: PspAnswer | NoTime, isSend: boolean): Observation {
  switch (answer.kind) {
    case 'not_found':
    case 'invalidated':
    case 'no_time':
      return answer;
    case 'found':
    case 'no_answer':
      return { kind: 'answered', outcome: answer.outcome, sent: false };
    case 'charged':
      return { kind: 'answered', outcome: { kind: 'succeeded', charge: answer.charge }, sent: false };
    case 'not_sent':
    case 'misconfigured':
      return { kind: 'answered', outcome: answer, sent: false };
    case 'rate_limited':
      return { kind: 'answered', outcome: answer, sent: isSend && answer.maybeSent };
    default:
      return { kind: 'answered', outcome: answer, sent: isSend };
  }
}

function after(first: Called, then: Observed): Observed {
  return { ...then, steps: [first.step, ...then.steps] };
}

/** Dead-letters the instruction until a version that can carry it out is deployed. */
function notCarriedOut(reason: string, { time }: ExecutorEffects): Observed {
  const outcome = { kind: 'misconfigured', reason } as const;
  const now = new Date(time.now());
  return {
    observation: { kind: 'answered', outcome, sent: false },
    steps: [{ action: 'skip', ...evidenceOf(outcome), startedAt: now, finishedAt: now }],
    health: healthOf(outcome),
  };
}

/** @returns undefined for an operation that this version of the code has no request for */
function requestOf(instruction: ClaimedInstruction): PspRequest | undefined {
  const { operation, awaits, psp_reference } = instruction;
  if (operation !== 'charge' && operation !== 'authorize') return undefined;
  const { payment_method: token, returns_at: returnsAt } = instruction.request;
  return {
    operation,
    requestVersion: instruction.request_version,
    reference: instruction.group_id,
    idempotencyKey: pspIdempotencyKeyOf(instruction.instruction_id),
    amountMinor: BigInt(instruction.amount_minor),
    currency: instruction.currency,
    paymentMethod: parsePaymentMethod(token)?.token ?? token,
    ...(returnsAt === undefined ? {} : { returnUrl: `${returnsAt}/${instruction.group_id}` }),
    // Only of what the PSP has accepted and is not sent again: to send with it means to confirm it.
    ...(awaits !== null && psp_reference !== null ? { pspReference: psp_reference } : {}),
  };
}

function unknown(error: unknown): Extract<PspOutcome, { kind: 'unknown' }> {
  return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) };
}
