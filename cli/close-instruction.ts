import type { Database } from '../adapters/database/database.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { readQuarantined } from '../adapters/database/statements/quarantine.ts';
import { recordClosing } from '../adapters/database/statements/record-closing.ts';
import { systemIds } from '../adapters/ids.ts';
import { type Attempt, decide, type ExpectedCharge, type Transition } from '../domain/payment/decide.ts';
import { rollBack } from '../domain/payment/resolve.ts';

/** What an operator has found out. */
export type Evidence =
  | { readonly kind: 'charged'; readonly pspReference: string }
  | { readonly kind: 'not_charged' };

/**
 * Ends a quarantined instruction by an operator's evidence, by the same record as any attempt and in one statement: no
 * worker touches what is in quarantine, and of two operators the first one's word stands.
 *
 * @returns undefined when it is not in quarantine, or somebody else has decided meanwhile
 */
export async function closeInstruction(
  database: Database,
  instructionId: string,
  evidence: Evidence,
  operator: Operator,
): Promise<Transition | undefined> {
  const found = await readQuarantined(database, instructionId);
  if (found === undefined) return undefined;
  const attemptNo = found.attempt_no + 1;
  const expected = {
    psp: found.psp,
    reference: found.payment_order_id,
    amountMinor: BigInt(found.amount_minor),
    currency: found.currency,
    splits: found.splits,
  };
  const transition = judge(evidence, expected, attemptNo);
  const now = new Date();
  const detail = { actor: operator.actor, reason: operator.reason };
  const isClosed = await recordClosing(
    database,
    {
      instructionId,
      paymentOrderId: found.payment_order_id,
      psp: found.psp,
      correlationId: found.correlation_id,
      attemptNo,
      claimToken: systemIds.next('clm'),
      transition,
      ledgerTransactionId: systemIds.next('ltx'),
      isProbe: false,
      health: { kind: 'silent' },
      steps: [{ action: 'close', outcome: evidence.kind, detail, startedAt: now, finishedAt: now }],
    },
    operator,
  );
  return isClosed ? transition : undefined;
}

function judge(evidence: Evidence, expected: ExpectedCharge, attemptNo: number): Transition {
  if (evidence.kind === 'not_charged') return rollBack();
  const { reference, amountMinor, currency } = expected;
  const charge = { pspReference: evidence.pspReference, reference, amountMinor, currency };
  const attempt: Attempt = { attemptNo, random: 0, sent: false, maybeSentBefore: true, isProbe: false };
  return decide({ kind: 'succeeded', charge }, expected, NO_ABILITIES, attempt);
}

/** An operator's word needs no landing time: what the abilities say is not asked here. */
const NO_ABILITIES = {
  keyLifetimeSeconds: null,
  lookUpLagSeconds: null,
  maxInFlightSeconds: 0,
  invalidatesByKey: false,
  replaysStoredServerErrors: false,
};
