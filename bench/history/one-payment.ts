import { randomUUID } from 'node:crypto';
import type { Database } from '../../adapters/database/database.ts';
import { acceptPayment, type NewPayment } from '../../adapters/database/statements/accept-payment.ts';
import { systemIds } from '../../adapters/ids.ts';
import type { Psp } from '../../adapters/psp/psp.ts';
import { PSP_SIMULATOR_ABILITIES } from '../../adapters/psp/simulator/abilities.ts';
import type { InstructionKey } from '../../domain/payment/instruction.ts';

export function paymentOf(merchantId: string, orders: number): NewPayment {
  return {
    paymentId: systemIds.next('pay'),
    merchantId,
    merchantReference: randomUUID(),
    buyerId: 'buyer_1',
    paymentMethod: 'sim_ok',
    metadata: {},
    createdAt: new Date(),
    correlationId: randomUUID(),
    orders: Array.from({ length: orders }, (_, number) => ({
      paymentOrderId: systemIds.next('ord'),
      instructionId: systemIds.next('ins'),
      amountMinor: 15_000n,
      currency: 'USD',
      splits: [{ sellerId: `seller_${number}`, amountMinor: 15_000n }],
      isSplit: false,
      pspAccount: ANSWERING_PSP.account,
    })),
  };
}

export async function acceptOnce(database: Database, payment: NewPayment): Promise<void> {
  const answer = { status: 202, location: '/', body: '{}' };
  const request = { scope: 'POST /v1/payments', key: payment.paymentId, fingerprint: 'fingerprint', answer };
  const { kind } = await acceptPayment(database, payment, request, {});
  if (kind !== 'created') throw new Error(`a new payment was ${kind}`);
}

export function keysOf(payment: NewPayment): readonly InstructionKey[] {
  return payment.orders.map(({ instructionId, paymentOrderId }) => ({
    instructionId,
    groupId: paymentOrderId,
    operation: 'charge',
  }));
}

/** Answers immediately, always with a charge. */
export const ANSWERING_PSP: Psp = {
  account: 'simulator',
  credentialVersion: 'constant',
  abilities: PSP_SIMULATOR_ABILITIES,
  execute: async ({ reference, amountMinor, currency }) => ({
    kind: 'succeeded',
    charge: { pspReference: `ch_${reference}`, reference, amountMinor, currency },
  }),
  find: async () => ({ kind: 'not_found' }),
  invalidate: async () => ({ kind: 'invalidated' }),
  parseEvent: async () => ({ kind: 'refused', reason: 'unsigned' }),
  movements: async () => ({ kind: 'not_supported' }),
};
