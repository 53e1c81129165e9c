import type { Database } from '../../../adapters/database/database.ts';
import { ACCEPT } from '../../../adapters/database/statements/accept-payment.ts';
import { CLAIM_SQL } from '../../../adapters/database/statements/claim-instructions-sql.ts';
import { RECEIVE_SQL } from '../../../adapters/database/statements/receive-event.ts';
import { RECORD_SQL } from '../../../adapters/database/statements/record-attempts-sql.ts';
import type { PspRequest } from '../../../adapters/psp/psp.ts';
import type { OperationAbilities } from '../../../domain/payment/psp-abilities.ts';
import type {
  PspFinding,
  PspInvalidation,
  PspOutcome,
  PspState,
} from '../../../domain/payment/psp-outcome.ts';
import type { FaultKind } from '../faults.ts';
import { type Bug, isObject, type JsonObject, listOf, mapRows, onPsp, onStatement } from './plant.ts';
import { NOTHING_PLANTED, type Planted } from './planted.ts';

const NOTHING_ELSE: ReadonlySet<FaultKind> = new Set();
const LOST_EVENTS: Bug['where'] = { faults: new Set<FaultKind>(['event lost']), rate: 0.4 };
/** What waits there ends by the buyer or by us alone. */
const INVALIDATING: OperationAbilities = {
  keyLifetimeSeconds: 24 * 3600,
  lookUpLagSeconds: 30,
  maxInFlightSeconds: 30,
  invalidatesByKey: true,
  expiresByItself: false,
  replaysStoredServerErrors: false,
  keyScopeIncludesCredential: false,
  deduplicatesByReference: false,
};
/** Seconds: longer than any schedule. */
const NEVER = 30 * 24 * 3600;

/** What is wrong about what waits for its buyer or its PSP, and about what wakes it. */
export const WAITING_BUGS: readonly Bug[] = [
  {
    name: 'take pending for success',
    rule: 16,
    planted: outcomes((outcome, request) => (outcome.kind === 'pending' ? success(request) : outcome)),
  },
  {
    name: 'take a page for the buyer for success',
    rule: 16,
    planted: outcomes((outcome, request) =>
      outcome.kind === 'requires_action' ? success(request) : outcome,
    ),
  },
  {
    name: 'let an order expire without an invalidation',
    rule: 14,
    planted: onPsp(() => ({ invalidate: async () => ({ kind: 'invalidated' }) })),
    where: { faults: NOTHING_ELSE },
  },
  {
    name: 'take an invalidation whose answer was lost for done',
    rule: 15,
    planted: invalidations((answer) => (answer.kind === 'no_answer' ? { kind: 'invalidated' } : answer)),
    where: { abilities: INVALIDATING, faults: new Set<FaultKind>(['fails']), rate: 0.6, payments: 8 },
  },
  {
    name: 'take a refused invalidation of what the PSP still processes for done',
    rule: 15,
    planted: invalidations((answer) => (answer.kind === 'found' ? { kind: 'invalidated' } : answer)),
    where: { abilities: INVALIDATING, faults: NOTHING_ELSE, payments: 12 },
  },
  {
    name: 'take the buyer’s failed action for a decline',
    rule: 14,
    planted: outcomes((outcome) => (outcome.kind === 'declined' ? { ...outcome, isFinal: true } : outcome)),
    where: { faults: NOTHING_ELSE },
  },
  {
    name: 'send again what the PSP has accepted',
    rule: 13,
    planted: onStatement(CLAIM_SQL, {
      rows: mapRows((row) =>
        typeof row.awaits === 'string' ? { ...row, awaits: null, all_proven_not_sent: true } : row,
      ),
    }),
    where: { faults: NOTHING_ELSE, breaksDeduplication: true },
  },
  {
    name: 'forget over a crash that the PSP has accepted it',
    rule: 13,
    planted: onStatement(CLAIM_SQL, {
      rows: mapRows((row) => ({ ...row, awaits: null, psp_reference: null })),
    }),
    where: { faults: NOTHING_ELSE, breaksDeduplication: false },
  },
  {
    name: 'use a key again under another credential',
    rule: 23,
    planted: onStatement(CLAIM_SQL, { rows: mapRows((row) => ({ ...row, is_same_credential: true })) }),
    where: {
      abilities: { ...INVALIDATING, keyScopeIncludesCredential: true },
      breaksTimes: true,
      breaksDeduplication: false,
      faults: new Set<FaultKind>(['credential changes', 'PSP lands late', 'PSP time-out, charged']),
      rate: 0.5,
    },
  },
  {
    name: 'send what the PSP takes no more',
    rule: 25,
    planted: onStatement(CLAIM_SQL, { rows: mapRows((row) => ({ ...row, is_too_late_to_send: false })) }),
    where: {
      abilities: { ...INVALIDATING, sendWithinSeconds: 60 },
      faults: new Set<FaultKind>(['PSP unreachable']),
      rate: 0.5,
    },
  },
  {
    name: 'count a look-up of what waits as an attempt',
    rule: 13,
    planted: onWaiting((attempt) => ({ ...attempt, costs_no_attempt: false })),
    where: { faults: NOTHING_ELSE },
  },
  {
    name: 'rely on events alone',
    rule: 20,
    planted: onWaiting((attempt) => ({
      ...attempt,
      poll_seconds: NEVER,
      expires_seconds: NEVER,
      expires_at: null,
    })),
    where: LOST_EVENTS,
  },
  {
    name: 'wait without an expiry',
    rule: 20,
    planted: onWaiting((attempt) => ({ ...attempt, expires_seconds: NEVER, expires_at: null })),
    where: { faults: NOTHING_ELSE },
  },
  {
    name: 'believe an event',
    rule: 16,
    planted: believingEvents(),
    where: { faults: NOTHING_ELSE },
  },
  {
    name: 'trust the order in which events arrive',
    rule: 16,
    planted: onStatement(RECEIVE_SQL, { input: (input) => ({ ...input, overrides_states: true }) }),
    // Each event comes; a later one may overtake it.
    where: { faults: new Set<FaultKind>(['event late']), rate: 0.2 },
  },
];

/** Whatever the PSP says about the object, in an answer or to a look-up. */
function outcomes(change: (outcome: PspState, request: PspRequest) => PspState): Planted {
  return onPsp((psp) => ({
    execute: async (request, signal) => {
      const outcome = await psp.execute(request, signal);
      return isState(outcome) ? change(outcome, request) : outcome;
    },
    find: async (request, signal): Promise<PspFinding> => {
      const finding = await psp.find(request, signal);
      return finding.kind === 'found'
        ? { kind: 'found', outcome: change(finding.outcome, request) }
        : finding;
    },
  }));
}

function isState(outcome: PspOutcome): outcome is PspState {
  return ['succeeded', 'declined', 'requires_action', 'pending'].includes(outcome.kind);
}

function success({ reference, amountMinor, currency }: PspRequest): PspState {
  return { kind: 'succeeded', charge: { pspReference: 'believed', reference, amountMinor, currency } };
}

function invalidations(change: (answer: PspInvalidation) => PspInvalidation): Planted {
  return onPsp((psp) => ({
    invalidate: async (request, signal) => change(await psp.invalidate(request, signal)),
  }));
}

/** What is recorded of instructions that wait from now on. */
function onWaiting(change: (attempt: JsonObject) => JsonObject): Planted {
  return onStatement(RECORD_SQL, {
    input: (input) => ({
      ...input,
      attempts: listOf(input, 'attempts').map((attempt) =>
        typeof attempt.poll_seconds === 'number' ? change(attempt) : attempt,
      ),
    }),
  });
}

/** What an event has come for is taken for paid, whatever the event says. */
function believingEvents(): Planted {
  /** By order, since ids come again in another schedule. */
  const told = new Map<string, Set<string>>();
  const noting = (database: Database): Database => ({
    execute: (sql, input) => {
      if (sql === ACCEPT.sql)
        for (const order of listOf(input, 'orders')) told.set(String(order.payment_order_id), new Set());
      if (sql === RECEIVE_SQL && isObject(input))
        told.get(String(input.payment_order_id))?.add(String(input.instruction_id));
      return database.execute(sql, input);
    },
  });
  const believed = onPsp((psp) => ({
    find: async (request, signal) =>
      told.get(request.reference)?.has(request.idempotencyKey)
        ? { kind: 'found', outcome: success(request) }
        : psp.find(request, signal),
  }));
  return { ...NOTHING_PLANTED, database: noting, effects: believed.effects };
}
