import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { NO_AMOUNTS } from '../../../domain/ledger/order-amounts.ts';
import type { AcceptInput } from './inputs.ts';
import type { ModelInstruction, ModelState } from './state.ts';

type AcceptedInstruction = Pick<
  ModelInstruction,
  | 'id'
  | 'groupId'
  | 'orderId'
  | 'parentId'
  | 'paymentId'
  | 'merchantId'
  | 'operation'
  | 'psp'
  | 'amountMinor'
  | 'currency'
  | 'splits'
  | 'request'
  | 'requestVersion'
  | 'correlationId'
  | 'acceptedAt'
  | 'sendBy'
>;

/** As ACCEPT_SQL. */
export function accept(state: ModelState, input: AcceptInput, now: number): DatabaseRow[] {
  const key = `${input.merchant_id} ${input.scope} ${input.key}`;
  const known = state.keys.get(key);
  if (known !== undefined) return [{ kind: 'replayed', ...known }];
  if (input.is_refused) return [{ kind: 'refused', fingerprint: '', status: 0, location: '', body: '' }];
  const { fingerprint, status, location, body } = input;
  state.keys.set(key, { fingerprint, status, location, body });
  state.payments.set(input.payment_id, {
    id: input.payment_id,
    total: input.orders.length,
    started: 0,
    succeeded: 0,
    failed: 0,
  });
  for (const order of input.orders) addOrder(state, input, order, now);
  return [{ kind: 'created', fingerprint: '', status: 0, location: '', body: '' }];
}

function addOrder(
  state: ModelState,
  input: AcceptInput,
  order: AcceptInput['orders'][number],
  now: number,
): void {
  const common = {
    paymentId: input.payment_id,
    merchantId: input.merchant_id,
    psp: order.psp_account,
    amountMinor: order.amount_minor,
    currency: order.currency,
    splits: JSON.stringify(order.splits),
  };
  state.orders.set(order.payment_order_id, {
    ...common,
    id: order.payment_order_id,
    status: 'NOT_STARTED',
    statusDetail: 'queued',
    nextAction: null,
    pspReference: null,
    amounts: NO_AMOUNTS,
  });
  const { instruction_id: id, payment_order_id: orderId } = order;
  state.instructions.set(
    id,
    newInstruction({
      ...common,
      id,
      groupId: orderId,
      orderId,
      parentId: null,
      operation: 'charge',
      request: JSON.stringify(input.request),
      requestVersion: input.request_version,
      correlationId: input.correlation_id,
      acceptedAt: now,
      sendBy: order.send_within_seconds === null ? null : now + order.send_within_seconds * 1000,
    }),
  );
}

/** As a row is before anything was done. */
export function newInstruction(accepted: AcceptedInstruction): ModelInstruction {
  return {
    ...accepted,
    state: 'ready',
    reason: null,
    attemptNo: 0,
    attemptsNotSent: 0,
    attemptsInCycle: 0,
    cycle: 0,
    claimToken: null,
    firstClaimedAt: null,
    notBefore: accepted.acceptedAt,
    parked: false,
    waitsFor: null,
    slotAt: null,
    awaits: null,
    pollAt: null,
    expiresAt: null,
    wokenAt: null,
    pspReference: null,
    credentialVersion: null,
    sendNo: 0,
    resends: 0,
    lastSentAt: accepted.acceptedAt,
  };
}
