import { ACCEPT } from '../../../adapters/database/statements/accept-payment.ts';
import type { PspRequest } from '../../../adapters/psp/psp.ts';
import type { OperationAbilities, PspAbilities } from '../../../domain/payment/psp-abilities.ts';
import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { type Bug, listOf, onPsp, onStatement } from './plant.ts';
import { NOTHING_PLANTED, type Planted } from './planted.ts';

let calls = 0;

const DECLINED: PspOutcome = {
  kind: 'declined',
  decline: { category: 'other', code: 'x', pspCode: 'x' },
  isFinal: true,
};

/** It stores an error under the key, and may complete the request long after. */
const STORING_ERRORS: OperationAbilities = {
  keyLifetimeSeconds: 24 * 3600,
  lookUpLagSeconds: 30,
  maxInFlightSeconds: 30,
  invalidatesByKey: false,
  expiresByItself: false,
  replaysStoredServerErrors: true,
  keyScopeIncludesCredential: false,
  deduplicatesByReference: false,
};

/** What is wrong about what a PSP is sent, and about what its answers are taken for. */
export const PSP_BUGS: readonly Bug[] = [
  {
    name: 'derive the PSP’s key from the attempt',
    rule: 4,
    planted: onPsp((psp) => ({
      execute: (request, signal) => {
        calls += 1;
        return psp.execute({ ...request, idempotencyKey: `${request.idempotencyKey}#${calls}` }, signal);
      },
    })),
  },
  {
    name: 'do not compare the amount',
    rule: 12,
    planted: onPsp((psp) => ({
      execute: async (request, signal) => believed(await psp.execute(request, signal), request.amountMinor),
      find: async (request, signal) => {
        const finding = await psp.find(request, signal);
        if (finding.kind !== 'found' || finding.outcome.kind !== 'succeeded') return finding;
        const charge = { ...finding.outcome.charge, amountMinor: request.amountMinor };
        return { kind: 'found', outcome: { kind: 'succeeded', charge } };
      },
    })),
  },
  {
    name: 'compare the amount with the order’s in place of the instruction’s',
    rule: 12,
    planted: comparingWithTheOrder(),
    where: { ordersWithParents: 1, faults: new Set() },
  },
  {
    name: 'believe the replay of a stored error',
    rule: 21,
    planted: onPsp((psp) => ({
      // It sends again, and takes what the PSP has stored for its answer to that.
      abilities: forgettingStoredErrors(psp.abilities),
      execute: async (request, signal) => {
        const outcome = await psp.execute(request, signal);
        return outcome.kind === 'unknown' && outcome.reason === 'HTTP 500 (stored)' ? DECLINED : outcome;
      },
    })),
    where: {
      abilities: STORING_ERRORS,
      breaksTimes: false,
      breaksDeduplication: false,
      faults: new Set(['PSP 500, charged later']),
      rate: 0.5,
    },
  },
  {
    name: 'take the first of two charges for the only one',
    rule: 12,
    planted: onPsp((psp) => ({
      find: async (request, signal) => {
        const finding = await psp.find(request, signal);
        if (finding.kind !== 'found' || finding.outcome.kind !== 'succeeded') return finding;
        return { kind: 'found', outcome: { kind: 'succeeded', charge: finding.outcome.charge } };
      },
    })),
    where: { faults: new Set(['PSP charges twice', 'PSP time-out, charged']), rate: 0.3 },
  },
  {
    name: 'take unknown for declined',
    rule: 3,
    planted: outcomeAs((outcome) => (outcome.kind === 'unknown' ? DECLINED : outcome)),
  },
  {
    name: 'take unknown for not sent',
    rule: 3,
    planted: outcomeAs((outcome) =>
      outcome.kind === 'unknown' ? { kind: 'not_sent', reason: outcome.reason } : outcome,
    ),
  },
  {
    name: 'take a time-out for success',
    rule: 12,
    planted: onPsp((psp) => ({
      execute: async (request, signal) => {
        const outcome = await psp.execute(request, signal);
        if (outcome.kind !== 'unknown') return outcome;
        const { reference, amountMinor, currency } = request;
        return { kind: 'succeeded', charge: { pspReference: 'x', reference, amountMinor, currency } };
      },
    })),
  },
];

/** Before anything else is made of it. */
function outcomeAs(change: (outcome: PspOutcome) => PspOutcome) {
  return onPsp((psp) => ({ execute: async (request, signal) => change(await psp.execute(request, signal)) }));
}

function believed(outcome: PspOutcome, amountMinor: bigint): PspOutcome {
  return outcome.kind === 'succeeded' ? { ...outcome, charge: { ...outcome.charge, amountMinor } } : outcome;
}

function forgettingStoredErrors({ operations, ...others }: PspAbilities): PspAbilities {
  const forgetting = Object.entries(operations).map(([operation, abilities]) => [
    operation,
    { ...abilities, replaysStoredServerErrors: false },
  ]);
  return { ...others, operations: Object.fromEntries(forgetting) };
}

/** Believes an answer of the order's amount, whatever the instruction asked for. */
function comparingWithTheOrder(): Planted {
  const amounts = new Map<string, bigint>();
  const noted = onStatement(ACCEPT.sql, {
    input: (input) => {
      for (const order of listOf(input, 'orders'))
        amounts.set(String(order.payment_order_id), BigInt(String(order.amount_minor)));
      return input;
    },
  });
  const compared = (outcome: PspOutcome, { reference, amountMinor }: PspRequest) =>
    believed(
      outcome,
      outcome.kind === 'succeeded' && outcome.charge.amountMinor === amounts.get(reference)
        ? amountMinor
        : amountMinor + 1n,
    );
  const comparing = onPsp((psp) => ({
    execute: async (request, signal) => compared(await psp.execute(request, signal), request),
  }));
  return { ...NOTHING_PLANTED, database: noted.database, effects: comparing.effects };
}
