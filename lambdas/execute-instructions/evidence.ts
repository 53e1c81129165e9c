import type { JsonInput } from '../../adapters/database/database.ts';
import type { EvidenceStep } from '../../adapters/database/statements/record-attempts.ts';
import type { Traced } from '../../adapters/psp/psp.ts';
import { unreachable } from '../../domain/assert.ts';
import type { PspCharge, PspFinding, PspInvalidation, PspOutcome } from '../../domain/payment/psp-outcome.ts';

type Answer = PspFinding | PspOutcome | PspInvalidation;
type Evidence = Pick<EvidenceStep, 'outcome' | 'detail'>;

/** A PSP's answer as it is stored: enough to decide a dispute, and no data of the buyer. */
export function evidenceOf(answer: Traced<Answer>): Evidence {
  const { outcome, detail } = evidenceWithoutTrace(answer);
  return { outcome, detail: answer.trace === undefined ? detail : { ...detail, trace: answer.trace } };
}

function evidenceWithoutTrace(answer: Answer): Evidence {
  switch (answer.kind) {
    case 'not_found':
      return { outcome: 'not_found', detail: {} };
    case 'invalidated':
      return { outcome: 'invalidated', detail: {} };
    case 'charged':
      return evidenceWithoutTrace({ kind: 'succeeded', charge: answer.charge });
    case 'found':
    case 'no_answer':
      return evidenceWithoutTrace(answer.outcome);
    default:
      return { outcome: answer.kind, detail: detailOf(answer) };
  }
}

function chargeDetail({ pspReference, reference, amountMinor, currency }: PspCharge) {
  return { psp_reference: pspReference, reference, amount_minor: String(amountMinor), currency };
}

function detailOf(outcome: PspOutcome): { readonly [key: string]: JsonInput } {
  switch (outcome.kind) {
    case 'succeeded':
      return outcome.furtherCharges === undefined
        ? chargeDetail(outcome.charge)
        : { ...chargeDetail(outcome.charge), further_charges: outcome.furtherCharges.map(chargeDetail) };
    case 'declined':
      return {
        category: outcome.decline.category,
        code: outcome.decline.code,
        psp_code: outcome.decline.pspCode,
        is_final: outcome.isFinal,
      };
    case 'requires_action':
    case 'pending':
      return {
        psp_reference: outcome.pspReference,
        ...(outcome.expiresAt === undefined ? {} : { expires_at: outcome.expiresAt.toISOString() }),
      };
    case 'rate_limited':
      return {
        maybe_sent: outcome.maybeSent,
        ...(outcome.retryAfterSeconds === undefined
          ? {}
          : { retry_after_seconds: outcome.retryAfterSeconds }),
      };
    case 'not_sent':
    case 'unknown':
    case 'misconfigured':
      return { reason: outcome.reason };
    default:
      return unreachable(outcome);
  }
}
