import * as z from 'zod/mini';
import { isPlatformAccount, type LedgerTransaction } from '../../../domain/ledger/posting.ts';
import { CIRCUIT, type PspHealth } from '../../../domain/payment/circuit.ts';
import type { Transition } from '../../../domain/payment/decide.ts';
import { isTerminal } from '../../../domain/payment/instruction.ts';
import type { Database, JsonInput } from '../database.ts';
import { RECORD_SQL } from './record-attempts-sql.ts';

/** One question to a PSP and what came of it; written for every attempt, also a stale worker's. */
export interface EvidenceStep {
  readonly action: 'look_up' | 'send' | 'invalidate' | 'close' | 'skip';
  readonly outcome: string;
  readonly detail: { readonly [key: string]: JsonInput };
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

export interface AttemptRecord {
  readonly instructionId: string;
  readonly paymentOrderId: string;
  readonly psp: string;
  /** Of the API request behind it, for the log. */
  readonly correlationId: string | null;
  readonly attemptNo: number;
  readonly claimToken: string;
  readonly transition: Transition;
  /** Of the posting, where the transition has one. */
  readonly ledgerTransactionId: string;
  readonly steps: readonly EvidenceStep[];
  /** Whether this attempt was the one that probes an open circuit. */
  readonly isProbe: boolean;
  /** What the PSP's circuit learns from it. */
  readonly health: PspHealth;
}

/** What the attempts of one batch say of one PSP. */
interface CircuitObservation {
  readonly psp: string;
  readonly answered: boolean;
  readonly notSent: number;
  readonly unknown: number;
  readonly misconfigured: number;
  readonly probed: boolean;
  readonly reason: string;
}

/** How many rows a platform account's balance is spread over: 32 took 2,400 statements/s where one took 1,000. */
export const PLATFORM_SHARDS = 32;

export const recordedRow = z.object({
  instruction_id: z.string(),
  /** Whether this attempt's transition stands: made now, or by an earlier run of this very statement. */
  stands: z.boolean(),
  state: z.enum([
    'ready',
    'executing',
    'succeeded',
    'declined',
    'requires_action',
    'cancelled',
    'dead_lettered',
    'quarantined',
  ]),
  parked: z.boolean(),
  seconds_left: z.int(),
  cycle: z.int(),
  reason: z.nullable(z.string()),
  order_changed: z.boolean(),
  /** Since it was accepted; null for what an older version accepted. */
  age_milliseconds: z.nullable(z.int()),
});

export type RecordedAttempt = z.infer<typeof recordedRow>;

/**
 * Records what attempts came to, in one statement: evidence always; transition, ledger and balances only where the
 * attempt still holds its claim (rule 6). Safe to replay. An instruction that doesn't exist yields no row.
 *
 * @param shard 0..31: the row of the platform accounts' balances that this batch adds to
 */
export async function recordAttempts(
  database: Database,
  records: readonly AttemptRecord[],
  shard: number,
): Promise<readonly RecordedAttempt[]> {
  const rows = await database.execute(RECORD_SQL, recordingOf(records, shard));
  return rows.map((row) => recordedRow.parse(row));
}

/** What the statements that record are given. */
export function recordingOf(records: readonly AttemptRecord[], shard: number) {
  return {
    shard,
    records: records.map(recordInput),
    circuits: observationsOf(records).map(circuitInput),
    trips: {
      not_sent: CIRCUIT.notSentInARow,
      unknown: CIRCUIT.unknownInARow,
      open_seconds: CIRCUIT.firstOpenSeconds,
      longest_seconds: CIRCUIT.longestOpenSeconds,
      give_back_limit: CIRCUIT.giveBackLimit,
    },
  };
}

/** An answer of any kind shows that the PSP is there; beside it the failures of the same batch say little. */
function observationsOf(records: readonly AttemptRecord[]): readonly CircuitObservation[] {
  const byPsp = Map.groupBy(records, (record) => record.psp);
  return [...byPsp].flatMap(([psp, group]) => {
    const count = (kind: PspHealth['kind']) => group.filter(({ health }) => health.kind === kind).length;
    const answered = count('answered') > 0;
    const failed = group.map(({ health }) => health).find((health) => health.kind === 'failed');
    const causes = (cause: string) =>
      group.filter(({ health }) => health.kind === 'failed' && health.cause === cause).length;
    const probed = group.some((record) => record.isProbe);
    if (!answered && failed === undefined && !probed) return [];
    return [
      {
        psp,
        answered,
        notSent: causes('not_sent'),
        unknown: causes('unknown'),
        misconfigured: causes('misconfigured'),
        probed,
        reason: failed?.kind === 'failed' ? failed.reason : '',
      },
    ];
  });
}

function circuitInput(observation: CircuitObservation): JsonInput {
  return {
    psp: observation.psp,
    answered: observation.answered && observation.misconfigured === 0,
    not_sent: observation.notSent,
    unknown: observation.unknown,
    misconfigured: observation.misconfigured,
    probed: observation.probed,
    reason: observation.reason,
  };
}

function recordInput(record: AttemptRecord): JsonInput {
  const { transition } = record;
  return {
    instruction_id: record.instructionId,
    psp: record.psp,
    may_give_back: record.isProbe || record.health.kind === 'failed',
    payment_order_id: record.paymentOrderId,
    attempt_no: record.attemptNo,
    claim_token: record.claimToken,
    state: transition.state,
    reason: transition.reason,
    wait_seconds: transition.waitSeconds,
    parked: transition.parked,
    waits_for: transition.waitsForCircuit ? `circuit:${record.psp}` : null,
    not_sent: transition.provenNotSent && !isTerminal(transition.state) ? 1 : 0,
    order_status: transition.orderStatus,
    order_status_detail: transition.orderStatusDetail,
    failure: transition.failure === null ? null : failureInput(transition.failure),
    psp_reference: transition.pspReference,
    ledger_transaction_id: transition.posting === null ? null : record.ledgerTransactionId,
    posting_type: transition.posting?.postingType ?? null,
    entries: transition.posting === null ? [] : entriesInput(transition.posting),
    steps: record.steps.map((step, index) => ({
      step: index,
      action: step.action,
      outcome: step.outcome,
      detail: step.detail,
      started_at: step.startedAt.toISOString(),
      finished_at: step.finishedAt.toISOString(),
    })),
  };
}

function failureInput(failure: NonNullable<Transition['failure']>): JsonInput {
  return { category: failure.category, code: failure.code, psp_code: failure.pspCode };
}

function entriesInput(transaction: LedgerTransaction): JsonInput {
  return transaction.entries.map(({ account, direction, amountMinor }, index) => ({
    entry_no: index,
    account_kind: account.kind,
    account_owner: account.owner,
    currency: account.currency,
    direction,
    amount_minor: String(amountMinor),
    sharded: isPlatformAccount(account.kind),
  }));
}
