import {
  type Database,
  DatabaseError,
  type DatabaseRow,
  type JsonInput,
} from '../../../adapters/database/database.ts';
import { ACCEPT } from '../../../adapters/database/statements/accept-payment.ts';
import { CLAIM_SQL } from '../../../adapters/database/statements/claim-instructions-sql.ts';
import type { RecordedAttempt } from '../../../adapters/database/statements/record-attempts.ts';
import { RECORD_SQL } from '../../../adapters/database/statements/record-attempts-sql.ts';
import type { Psp } from '../../../adapters/psp/psp.ts';
import type { PspAbilities, PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import type { ExecutorEffects } from '../../../lambdas/execute-instructions/effects.ts';
import { SHORT_KEY_SECONDS } from '../abilities.ts';
import type { ScheduleOptions } from '../run-schedule.ts';
import { NO_FENCE, NOTHING_PLANTED, type Planted } from './planted.ts';

/** One mistake that somebody could make, and how the pipeline behaves with it. */
export interface Bug {
  readonly name: string;
  /** The rule of the protocol that it breaks. */
  readonly rule: number;
  readonly planted: Planted;
  /** The circumstances that it takes, where those of every schedule are rarely it. */
  readonly where?: Pick<
    ScheduleOptions,
    'abilities' | 'breaksTimes' | 'breaksDeduplication' | 'faults' | 'rate'
  >;
}

type JsonObject = { readonly [key: string]: JsonInput | undefined };

/** Around the executor's effects. */
const around = (effects: (effects: ExecutorEffects) => ExecutorEffects): Planted => ({
  ...NOTHING_PLANTED,
  effects,
});

/** Before a statement runs, and with what it answered. */
function onStatement(
  sql: string,
  change: {
    readonly input?: (input: JsonObject) => JsonObject;
    readonly rows?: (rows: readonly DatabaseRow[], input: JsonObject) => readonly DatabaseRow[];
  },
): Planted {
  const wrap = (database: Database): Database => ({
    execute: async (statement, input) => {
      if (statement !== sql || !isObject(input)) return database.execute(statement, input);
      const rows = await database.execute(statement, change.input?.(input) ?? input);
      return change.rows?.(rows, input) ?? rows;
    },
  });
  return { ...NOTHING_PLANTED, database: wrap };
}

function isObject(input: JsonInput): input is JsonObject {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

const mapRows = (change: (row: DatabaseRow) => DatabaseRow) => (rows: readonly DatabaseRow[]) =>
  rows.map(change);

function onPsp(change: (psp: Psp) => Partial<Psp>): Planted {
  return around((effects) => ({
    ...effects,
    psps: new Map([...effects.psps].map(([name, psp]) => [name, { ...psp, ...change(psp) }])),
  }));
}

/** A record that failed is taken for one that parked its instructions. */
function onFailedRecord(isTaken: (error: unknown) => boolean): Planted {
  const wrap = (database: Database): Database => ({
    execute: async (sql, input) => {
      try {
        return await database.execute(sql, input);
      } catch (error) {
        if (sql !== RECORD_SQL || !isTaken(error)) throw error;
        return asIfParked(input);
      }
    },
  });
  return { ...NOTHING_PLANTED, database: wrap };
}

const outcomeAs = (change: (outcome: PspOutcome) => PspOutcome) =>
  onPsp((psp) => ({ charge: async (request, signal) => change(await psp.charge(request, signal)) }));

/** It shows charges late, and forgets keys soon: whether to send again hangs on the lifetime of the key alone. */
const FORGETFUL: PspAbilities = {
  keyLifetimeSeconds: SHORT_KEY_SECONDS,
  lookUpLagSeconds: 30,
  maxInFlightSeconds: 30,
  invalidatesByKey: false,
  replaysStoredServerErrors: false,
};

let calls = 0;

/** The order of each instruction, as it was accepted. */
const orders = new Map<string, JsonInput>();

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
        payment_order_id: orders.get(String(each.instruction_id)) ?? each.payment_order_id,
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
  return { payment_order_id: String(asked.payment_order_id), operation: String(asked.operation) };
}

function listOf(input: JsonInput, name: string): readonly JsonObject[] {
  const list = isObject(input) ? input[name] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

export const BUGS: readonly Bug[] = [
  {
    name: 'acknowledge before the commit',
    rule: 8,
    planted: { ...NOTHING_PLANTED, beforeBatch: (acknowledgeAll) => acknowledgeAll() },
  },
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
    name: 'acknowledge when no row changed',
    rule: 7,
    planted: onFailedRecord(() => true),
  },
  {
    name: 'skip the consumed check',
    rule: 8,
    planted: around((effects) => ({
      ...effects,
      consumed: { ...effects.consumed, find: async () => new Set() },
    })),
  },
  {
    name: 'quarantine without a claim',
    rule: 1,
    planted: onStatement(CLAIM_SQL, { input: (input) => ({ ...input, quarantines_live: true }) }),
  },
  {
    name: 'lose ten rows to one constraint',
    rule: 6,
    planted: onFailedRecord((error) => error instanceof DatabaseError && /^2[23]/.test(error.sqlState)),
    where: { faults: new Set(['row refused']), rate: 0.5 },
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
    name: 'consume what is not terminal',
    rule: 8,
    planted: around((effects) => ({
      ...effects,
      consumed: {
        ...effects.consumed,
        find: async (keys) => {
          const found = await effects.consumed.find(keys);
          await effects.consumed.record(keys);
          return found;
        },
      },
    })),
  },
  {
    name: 'derive the PSP’s key from the attempt',
    rule: 4,
    planted: onPsp((psp) => ({
      charge: (request, signal) => {
        calls += 1;
        return psp.charge({ ...request, idempotencyKey: `${request.idempotencyKey}#${calls}` }, signal);
      },
    })),
  },
  {
    name: 'believe “not found” at once',
    rule: 4,
    planted: {
      ...NOTHING_PLANTED,
      database: (database) => ({
        execute: (sql, input) =>
          database.execute(
            sql,
            sql === RECORD_SQL ? withoutWaits(input) : sql === CLAIM_SQL ? withoutLease(input) : input,
          ),
      }),
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
    name: 'relay under the same deduplication id',
    rule: 10,
    planted: { ...NOTHING_PLANTED, deduplicationId: (_id, instructionId) => instructionId },
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
    name: 'a redrive that never ends',
    rule: 11,
    planted: around((effects) => ({
      ...effects,
      deadLetters: {
        send: (deadLetters) =>
          effects.deadLetters.send(deadLetters.map((deadLetter) => ({ ...deadLetter, cycle: null }))),
      },
    })),
  },
  {
    name: 'do not compare the amount',
    rule: 12,
    planted: {
      ...NOTHING_PLANTED,
      effects: (effects) => ({
        ...effects,
        psps: new Map(
          [...effects.psps].map(([name, psp]): [string, Psp] => [
            name,
            {
              ...psp,
              charge: async (request, signal) =>
                believed(await psp.charge(request, signal), request.amountMinor),
              lookUp: async (request, signal) => {
                const finding = await psp.lookUp(request, signal);
                if (finding.kind !== 'found' || finding.outcome.kind !== 'succeeded') return finding;
                const charge = { ...finding.outcome.charge, amountMinor: request.amountMinor };
                return { kind: 'found', outcome: { kind: 'succeeded', charge } };
              },
            },
          ]),
        ),
      }),
    },
  },
  {
    name: 'take the first of two charges for the only one',
    rule: 12,
    planted: onPsp((psp) => ({
      lookUp: async (request, signal) => {
        const finding = await psp.lookUp(request, signal);
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
        ? { kind: 'declined', decline: { category: 'other', code: 'x', pspCode: 'x' } }
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
      charge: async (request, signal) => {
        const outcome = await psp.charge(request, signal);
        if (outcome.kind !== 'unknown') return outcome;
        const { reference, amountMinor, currency } = request;
        return { kind: 'succeeded', charge: { pspReference: 'x', reference, amountMinor, currency } };
      },
    })),
  },
  {
    name: 'delete a dead letter before it is sent back',
    rule: 8,
    planted: {
      ...NOTHING_PLANTED,
      deadLetterQueue: (queue) => ({
        ...queue,
        moveBack: async (deadLetters) => deadLetters,
        startMove: async () => {
          // What a hand-made redrive does first; it dies before the second step.
          await queue.receive(43_200);
        },
      }),
    },
  },
  {
    name: 'acknowledge a dead letter that was refused',
    rule: 8,
    planted: around((effects) => ({
      ...effects,
      deadLetters: {
        send: async (deadLetters) => {
          await effects.deadLetters.send(deadLetters);
          return new Set();
        },
      },
    })),
  },
  {
    name: 'an open circuit that lets no probe through',
    rule: 11,
    planted: onStatement(CLAIM_SQL, { input: (input) => ({ ...input, probes: 0 }) }),
  },
  {
    name: 'no fence: whoever records last wins',
    rule: 6,
    planted: onStatement(RECORD_SQL, {
      input: (input) => ({ ...input, records: withoutFence(input.records) }),
    }),
  },
];

function withoutWaits(input: JsonInput): JsonInput {
  if (!isObject(input) || !Array.isArray(input.records)) return input;
  return {
    ...input,
    records: input.records.map((record: JsonInput) =>
      isObject(record) && record.wait_seconds !== null
        ? { ...record, wait_seconds: 0, parked: false }
        : record,
    ),
  };
}

function withoutLease(input: JsonInput): JsonInput {
  return isObject(input)
    ? { ...input, lease_seconds: 0, propagation_seconds: {}, default_propagation_seconds: 0 }
    : input;
}

/** What a record that changed nothing must never be taken for. */
function asIfParked(input: JsonInput): readonly DatabaseRow[] {
  if (!isObject(input) || !Array.isArray(input.records)) return [];
  return input.records.filter(isObject).map((record) => {
    // By its type, so that a new column is not forgotten here: what can't be read looks like a record that failed.
    const row: RecordedAttempt = {
      instruction_id: String(record.instruction_id),
      stands: true,
      state: 'ready',
      parked: true,
      seconds_left: 0,
      cycle: 0,
      reason: null,
      order_changed: false,
      age_milliseconds: null,
    };
    return row;
  });
}

/** The model knows a record without a fence by its token. */
function withoutFence(records: JsonInput | undefined): JsonInput {
  if (!Array.isArray(records)) return [];
  return records.map((record: JsonInput) =>
    isObject(record) ? { ...record, claim_token: NO_FENCE } : record,
  );
}

function believed(outcome: PspOutcome, amountMinor: bigint): PspOutcome {
  return outcome.kind === 'succeeded' ? { ...outcome, charge: { ...outcome.charge, amountMinor } } : outcome;
}
