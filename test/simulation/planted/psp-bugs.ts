import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { type Bug, onPsp } from './plant.ts';

let calls = 0;

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
    planted: outcomeAs((outcome) =>
      outcome.kind === 'unknown'
        ? { kind: 'declined', decline: { category: 'other', code: 'x', pspCode: 'x' }, isFinal: true }
        : outcome,
    ),
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
