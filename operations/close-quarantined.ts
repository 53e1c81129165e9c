import type { Database } from '../adapters/database/database.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { closePoison, readQuarantined } from '../adapters/database/statements/quarantine.ts';
import { recordClosing } from '../adapters/database/statements/record-closing.ts';
import { systemIds } from '../adapters/ids.ts';
import { decide, type ExpectedCharge } from '../domain/payment/decide.ts';
import { NO_ABILITIES } from '../domain/payment/timing.ts';
import { rollBack, type Transition } from '../domain/payment/transition.ts';
import { notInQuarantine } from './release-quarantined.ts';

/** What an operator has found out at the PSP. */
export type Evidence =
  | { readonly kind: 'charged'; readonly pspReference: string }
  | { readonly kind: 'not_charged' };

/**
 * Ends a quarantined instruction by an operator's evidence, with the same single statement that records attempts. No worker
 * changes a quarantined instruction, and of two operators the first one decides.
 *
 * @throws OperationError when it is not in quarantine, or somebody else has decided meanwhile
 */
export async function closeQuarantinedInstruction(
  database: Database,
  instructionId: string,
  evidence: Evidence,
  operator: Operator,
): Promise<Transition> {
  const found = await readQuarantined(database, instructionId);
  if (found === undefined) throw notInQuarantine(instructionId);
  const attemptNo = found.attempt_no + 1;
  const expected = {
    psp: found.psp_account,
    reference: found.payment_order_id,
    amountMinor: BigInt(found.amount_minor),
    currency: found.currency,
    splits: found.splits,
  };
  const transition = transitionOf(evidence, expected, attemptNo);
  const now = new Date();
  const detail = { actor: operator.actor, reason: operator.reason };
  const isClosed = await recordClosing(
    database,
    {
      instructionId,
      paymentOrderId: found.payment_order_id,
      psp: found.psp_account,
      correlationId: found.correlation_id,
      attemptNo,
      claimToken: systemIds.next('clm'),
      transition,
      movementId: systemIds.next('mov'),
      ledgerTransactionIds: transition.postings.map(() => systemIds.next('ltx')),
      isProbe: false,
      health: { kind: 'silent' },
      steps: [{ action: 'close', outcome: evidence.kind, detail, startedAt: now, finishedAt: now }],
    },
    operator,
  );
  if (!isClosed) throw notInQuarantine(instructionId);
  return transition;
}

/**
 * Closes a quarantined poison message (`sha256:…`); what it requested is not done.
 *
 * @throws OperationError when it is not in quarantine
 */
export async function closeQuarantinedPoison(
  database: Database,
  id: string,
  operator: Operator,
): Promise<void> {
  if (!(await closePoison(database, id, operator))) throw notInQuarantine(id);
}

function transitionOf(evidence: Evidence, expected: ExpectedCharge, attemptNo: number): Transition {
  if (evidence.kind === 'not_charged') return rollBack();
  const { reference, amountMinor, currency } = expected;
  const charge = { pspReference: evidence.pspReference, reference, amountMinor, currency };
  const instruction = {
    operation: 'charge' as const,
    expected,
    // No request is made, so the PSP's abilities don't matter here.
    abilities: NO_ABILITIES,
    attemptNo,
    maybeSentBefore: true,
    isResolved: true,
    isTooLateToSend: false,
    awaits: null,
    secondsPastExpiry: null,
    isProbe: false,
    random: 0,
  };
  return decide(instruction, { kind: 'answered', outcome: { kind: 'succeeded', charge }, sent: false });
}
