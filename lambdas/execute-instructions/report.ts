import type { HeldInstruction, Refusal } from '../../adapters/database/statements/claim-instructions.ts';
import type { FinishedAttempt, RecordedAttempt } from '../../adapters/database/statements/record-attempts.ts';
import type { ExecutorEffects } from './effects.ts';

/** Logs the orders whose execution starts with these claims. */
export function reportClaimed(claimed: readonly HeldInstruction[], { log }: ExecutorEffects): void {
  for (const instruction of claimed) {
    if (!instruction.order_started) continue;
    log.orderChanged({
      ...orderOf(instruction),
      from: 'NOT_STARTED',
      to: 'EXECUTING',
      statusDetail: 'psp_requested',
      reason: null,
    });
  }
}

/** Counts the instructions that these claims parked. */
export function reportRefused(refusals: readonly Refusal[], { meter }: ExecutorEffects): void {
  for (const refusal of refusals) if (isParked(refusal)) meter.put('InstructionsParked', 1);
}

function isParked(refusal: Refusal): boolean {
  if (refusal.verdict === 'rate_limited') return refusal.parked;
  return refusal.verdict === 'circuit_open' || refusal.verdict === 'paused';
}

/** Logs the change of the order's status and counts its outcome. */
export function reportRecorded(
  row: RecordedAttempt,
  { psp, transition }: FinishedAttempt,
  instruction: HeldInstruction,
  { log, meter }: ExecutorEffects,
): void {
  const { orderStatus, orderStatusDetail: statusDetail, reason, failure } = transition;
  if (row.is_applied && statusDetail === 'outcome_unknown') meter.put('OutcomesUnknown', 1, psp);
  if (row.is_applied && row.state === 'quarantined') meter.put('InstructionsQuarantined', 1, psp);
  if (!row.order_changed || orderStatus === null) return;
  log.orderChanged({
    ...orderOf(instruction),
    from: 'EXECUTING',
    to: orderStatus,
    statusDetail,
    reason: failure?.code ?? reason,
  });
  if (orderStatus !== 'SUCCESS' && orderStatus !== 'FAILED') return;
  meter.put(orderStatus === 'SUCCESS' ? 'OrdersSucceeded' : 'OrdersFailed', 1, psp);
  if (row.age_milliseconds !== null) meter.put('TimeToTerminal', row.age_milliseconds, psp);
}

function orderOf(instruction: HeldInstruction) {
  return {
    merchantId: instruction.merchant_id,
    paymentId: instruction.payment_id,
    paymentOrderId: instruction.payment_order_id,
    correlationId: instruction.correlation_id,
    amountMinor: BigInt(instruction.amount_minor),
    currency: instruction.currency,
  };
}
