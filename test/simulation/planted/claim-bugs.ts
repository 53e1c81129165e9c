import type { Database, DatabaseRow, JsonInput } from '../../../adapters/database/database.ts';
import { ACCEPT } from '../../../adapters/database/statements/accept-payment.ts';
import { CLAIM_SQL } from '../../../adapters/database/statements/claim-instructions-sql.ts';
import type { OperationAbilities } from '../../../domain/payment/psp-abilities.ts';
import { SHORT_KEY_SECONDS } from '../services/abilities.ts';
import { type Bug, isObject, type JsonObject, listOf, mapRows, onStatement } from './plant.ts';
import { NOTHING_PLANTED } from './planted.ts';

/** It shows charges late, and forgets keys soon: whether to send again hangs on the lifetime of the key alone. */
const FORGETFUL: OperationAbilities = {
  keyLifetimeSeconds: SHORT_KEY_SECONDS,
  lookUpLagSeconds: 30,
  maxInFlightSeconds: 30,
  invalidatesByKey: false,
  expiresByItself: false,
  replaysStoredServerErrors: false,
  keyScopeIncludesCredential: false,
  deduplicatesByReference: false,
};

/** Orders of several instructions, at PSPs that keep some waiting. */
const SEVERAL_INSTRUCTIONS: Bug['where'] = {
  ordersWithParents: 1,
  faults: new Set(['duplicate delivery', 'PSP unreachable', 'PSP is down']),
};

/** Seconds: longer than any schedule. */
const NO_CLOCK = 30 * 24 * 3600;

/** The order of each instruction, as it was accepted. */
const orders = new Map<string, JsonInput>();

/** What is wrong about who may do what, and when. */
export const CLAIM_BUGS: readonly Bug[] = [
  {
    name: 'acknowledge a refused claim',
    rule: 2,
    planted: onStatement(CLAIM_SQL, {
      rows: mapRows((row) =>
        row.verdict === 'not_before' || row.verdict === 'locked' ? { ...row, verdict: 'quarantined' } : row,
      ),
    }),
  },
  {
    name: 'quarantine without a claim',
    rule: 1,
    planted: onStatement(CLAIM_SQL, { input: (input) => ({ ...input, quarantines_live: true }) }),
  },
  {
    name: 'check the key’s lifetime too early',
    rule: 4,
    // Once, at the first attempt, where it always holds; not before each send.
    planted: onStatement(CLAIM_SQL, { rows: mapRows((row) => ({ ...row, age_seconds: 0 })) }),
    where: {
      abilities: FORGETFUL,
      breaksTimes: true,
      breaksDeduplication: false,
      faults: new Set(['PSP lands late', 'PSP time-out, charged', 'PSP time-out, not charged']),
      rate: 0.4,
    },
  },
  {
    name: 'send again after a crash without asking',
    rule: 3,
    planted: onStatement(CLAIM_SQL, { rows: mapRows((row) => ({ ...row, all_proven_not_sent: true })) }),
  },
  {
    name: 'lease shorter than the function’s time-out',
    rule: 1,
    planted: onStatement(CLAIM_SQL, {
      input: (input) => ({
        ...input,
        lease_seconds: 1,
        propagation_seconds: {},
        default_propagation_seconds: 0,
      }),
    }),
    where: {
      abilities: { ...FORGETFUL, keyLifetimeSeconds: 24 * 3600 },
      breaksDeduplication: true,
      faults: new Set([
        'duplicate delivery',
        'late duplicate',
        'answer lost',
        'PSP lands late',
        'PSP time-out, charged',
      ]),
      rate: 0.3,
    },
  },
  {
    name: 'take missing for locked',
    rule: 1,
    planted: onStatement(CLAIM_SQL, {
      rows: mapRows((row) => (row.verdict === 'missing' ? { ...row, verdict: 'locked' } : row)),
    }),
  },
  {
    name: 'claim by the instruction’s id, whatever order a message names',
    rule: 1,
    planted: { ...NOTHING_PLANTED, database: claimedByIdAlone },
    where: { faults: new Set(['poison']), rate: 0.5 },
  },
  {
    name: 'take a live lease for missing',
    rule: 1,
    planted: onStatement(CLAIM_SQL, {
      rows: mapRows((row) => (row.verdict === 'not_before' ? { ...row, verdict: 'missing' } : row)),
    }),
  },
  {
    name: 'hide what came too early, and block its group',
    rule: 2,
    planted: onStatement(CLAIM_SQL, { input: (input) => ({ ...input, never_parks_children: true }) }),
    // Where nothing goes wrong and nothing waits, an hour or two is enough for everything.
    where: { ordersWithParents: 1, faults: new Set(), letsOrdersWait: false, limitSeconds: 6 * 3600 },
  },
  {
    name: 'claim what comes second before the first has ended',
    rule: 1,
    planted: onStatement(CLAIM_SQL, { input: (input) => ({ ...input, ignores_parents: true }) }),
    where: SEVERAL_INSTRUCTIONS,
  },
  {
    name: 'claim what comes second although the first has failed',
    rule: 1,
    planted: onStatement(CLAIM_SQL, { input: (input) => ({ ...input, ignores_failed_parents: true }) }),
    where: SEVERAL_INSTRUCTIONS,
  },
  {
    name: 'park a child without a clock and miss it when its parent ends',
    rule: 2,
    planted: onStatement(CLAIM_SQL, {
      input: (input) => ({ ...input, parks_children_for_seconds: NO_CLOCK }),
    }),
    where: SEVERAL_INSTRUCTIONS,
  },
  {
    name: 'keep what was reserved for what is cancelled',
    rule: 24,
    planted: onStatement(CLAIM_SQL, { input: (input) => ({ ...input, keeps_reservations: true }) }),
    where: { ordersWithParents: 1, captures: true, payments: 1, faults: new Set() },
  },
  {
    name: 'an open circuit that lets no probe through',
    rule: 11,
    planted: onStatement(CLAIM_SQL, { input: (input) => ({ ...input, probes: 0 }) }),
  },
];

/** Claims by the instruction's id alone, whatever else the message says. */
function claimedByIdAlone(database: Database): Database {
  return {
    execute: async (sql, input) => {
      if (sql === ACCEPT.sql)
        for (const order of listOf(input, 'orders'))
          orders.set(String(order.instruction_id), order.payment_order_id ?? null);
      if (sql !== CLAIM_SQL || !isObject(input)) return database.execute(sql, input);
      const asked = listOf(input, 'instructions');
      const meant = asked.map((each) => ({
        ...each,
        group_id: orders.get(String(each.instruction_id)) ?? each.group_id,
        operation: 'charge',
      }));
      const rows = await database.execute(sql, { ...input, instructions: meant });
      return asked.flatMap((each) =>
        rows
          .filter((row) => row.instruction_id === each.instruction_id)
          .map((row) => (row.verdict === 'terminal' ? { ...row, ...namesOf(each) } : row)),
      );
    },
  };
}

function namesOf(asked: JsonObject): DatabaseRow {
  return { group_id: String(asked.group_id), operation: String(asked.operation) };
}
