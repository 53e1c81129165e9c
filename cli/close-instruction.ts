import type { Database } from '../adapters/database/database.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { claimQuarantined } from '../adapters/database/statements/quarantine.ts';
import { recordAttempts } from '../adapters/database/statements/record-attempts.ts';
import { systemIds } from '../adapters/ids.ts';
import { assert } from '../domain/assert.ts';
import { type Judgement, judgeOutcome } from '../domain/payment/judge-outcome.ts';
import { rollBack } from '../domain/payment/settle.ts';
import { TIMING } from '../domain/payment/timing.ts';

/** What an operator has found out. */
export type Evidence =
  | { readonly kind: 'charged'; readonly pspReference: string }
  | { readonly kind: 'not_charged' };

/**
 * Ends a quarantined instruction by an operator's evidence, through the same claim and the same record as any attempt:
 * whoever else thinks that he holds it is fenced off.
 *
 * @returns undefined when it is not in quarantine
 */
export async function closeInstruction(
  database: Database,
  instructionId: string,
  evidence: Evidence,
  operator: Operator,
): Promise<Judgement | undefined> {
  const claimToken = systemIds.next('clm');
  const claim = await claimQuarantined(
    database,
    instructionId,
    { claimToken, leaseSeconds: TIMING.leaseSeconds },
    operator,
  );
  if (claim === undefined) return undefined;
  const judgement = judge(claim, evidence);
  const now = new Date();
  const [row] = await recordAttempts(
    database,
    [
      {
        instructionId,
        paymentOrderId: claim.payment_order_id,
        psp: claim.psp,
        correlationId: claim.correlation_id,
        attemptNo: claim.attempt_no,
        claimToken,
        judgement,
        ledgerTransactionId: systemIds.next('ltx'),
        isProbe: false,
        health: { kind: 'silent' },
        steps: [
          {
            action: 'close',
            outcome: evidence.kind,
            detail: { actor: operator.actor, reason: operator.reason },
            startedAt: now,
            finishedAt: now,
          },
        ],
      },
    ],
    0,
  );
  assert(row?.stands === true, `closing ${instructionId} was overtaken; look at it again`);
  return judgement;
}

function judge(
  claim: NonNullable<Awaited<ReturnType<typeof claimQuarantined>>>,
  evidence: Evidence,
): Judgement {
  if (evidence.kind === 'not_charged') return rollBack();
  const expected = {
    psp: claim.psp,
    reference: claim.payment_order_id,
    amountMinor: BigInt(claim.amount_minor),
    currency: claim.currency,
    splits: claim.splits,
  };
  const { reference, amountMinor, currency } = expected;
  const charge = { pspReference: evidence.pspReference, reference, amountMinor, currency };
  // An operator's word needs no landing time: what the abilities say is not asked here.
  const abilities = {
    keyLifetimeSeconds: null,
    lookUpLagSeconds: null,
    landingSeconds: 0,
    cancelsByKey: false,
    replaysStoredServerErrors: false,
  };
  return judgeOutcome({ kind: 'succeeded', charge }, expected, abilities, {
    attemptNo: claim.attempt_no,
    random: 0,
    sent: false,
    maybeSentBefore: true,
    isProbe: false,
  });
}
