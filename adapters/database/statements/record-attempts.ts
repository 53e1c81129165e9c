import * as z from 'zod/mini';
import { isSharded } from '../../../domain/ledger/account.ts';
import type { LedgerTransaction } from '../../../domain/ledger/transaction.ts';
import { CIRCUIT, type PspHealth } from '../../../domain/payment/circuit.ts';
import { isTerminal } from '../../../domain/payment/instruction.ts';
import { manualReview, type NextAction, type Transition } from '../../../domain/payment/transition.ts';
import { type Database, DatabaseError, type JsonInput } from '../database.ts';
import { RECORD_SQL } from './record-attempts-sql.ts';

/** One request to a PSP and its outcome; written for every attempt, including a stale worker's. */
export interface EvidenceStep {
  readonly action: 'look_up' | 'send' | 'invalidate' | 'close' | 'skip';
  readonly outcome: string;
  readonly detail: { readonly [key: string]: JsonInput };
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

export interface FinishedAttempt {
  readonly instructionId: string;
  /** Null for what belongs to no order. */
  readonly paymentOrderId: string | null;
  readonly psp: string;
  /** The id of the API request that created the payment, for the log. */
  readonly correlationId: string | null;
  readonly attemptNo: number;
  readonly claimToken: string;
  readonly transition: Transition;
  /** The id of the transition's movement, if it has one, and of each posting's ledger transaction. */
  readonly movementId: string;
  readonly ledgerTransactionIds: readonly string[];
  readonly steps: readonly EvidenceStep[];
  /** Whether this attempt probed an open circuit. */
  readonly isProbe: boolean;
  /** What this attempt says about the PSP, for its circuit and its rate limiter. */
  readonly health: PspHealth;
}

/** How many rows a platform account's balance is spread over: 2,400 statements/s were measured with 32, 1,000 with one. */
export const PLATFORM_SHARDS = 32;

export const recordedRow = z.object({
  instruction_id: z.string(),
  /** Whether this attempt's transition was applied, by this run or by an earlier run of the same statement. */
  is_applied: z.boolean(),
  state: z.enum([
    'ready',
    'executing',
    'succeeded',
    'declined',
    'awaiting_buyer',
    'awaiting_psp',
    'cancelled',
    'dead_lettered',
    'quarantined',
  ]),
  parked: z.boolean(),
  seconds_left: z.int(),
  cycle: z.int(),
  reason: z.nullable(z.string()),
  /** Whether this run changed the order's status, its detail or what the buyer has to do. */
  order_changed: z.boolean(),
  /** Since the payment was accepted; null if an older version accepted it. */
  age_milliseconds: z.nullable(z.int()),
});

export type RecordedAttempt = z.infer<typeof recordedRow>;

type Warn = (message: string, detail: Readonly<Record<string, unknown>>) => void;

/**
 * Records the results of attempts in one statement: evidence always; transition, movements, ledger entries and balances only
 * if the attempt still holds its claim. Safe to replay. If the database rejects a row, each attempt is recorded on its own, so
 * that one bad row does not lose the other nine; an attempt that is rejected on its own is quarantined (rule 6).
 *
 * @param shard 0..31: which row of the platform accounts' balances this batch adds to
 * @returns one row per attempt; none for an instruction that doesn't exist or an attempt that could not be recorded
 */
export async function recordAttempts(
  database: Database,
  attempts: readonly FinishedAttempt[],
  shard: number,
  warn: Warn,
): Promise<readonly RecordedAttempt[]> {
  if (attempts.length === 0) return [];
  const refusal = await refusalOf(attempts, warn, () => run(database, attempts, shard));
  if (!(refusal instanceof DatabaseError)) return refusal;
  const rows: RecordedAttempt[] = [];
  for (const attempt of attempts) {
    const cause = attempts.length === 1 ? refusal : undefined;
    rows.push(...(await recordAlone(database, attempt, cause, shard, warn)));
  }
  return rows;
}

/** Tries the attempt unchanged, then as manual review, then without evidence details, which may be what is rejected. */
async function recordAlone(
  database: Database,
  attempt: FinishedAttempt,
  refusedBefore: DatabaseError | undefined,
  shard: number,
  warn: Warn,
): Promise<readonly RecordedAttempt[]> {
  const once = (tried: FinishedAttempt) => refusalOf([tried], warn, () => run(database, [tried], shard));
  const refusal = refusedBefore ?? (await once(attempt));
  if (!(refusal instanceof DatabaseError)) return refusal;
  const transition = manualReview(`can't be recorded: ${refusal.message}`);
  const review = await once({ ...attempt, transition });
  if (!(review instanceof DatabaseError)) return review;
  const bare = await once({
    ...attempt,
    transition,
    steps: attempt.steps.map((step) => ({ ...step, detail: {} })),
  });
  return bare instanceof DatabaseError ? [] : bare;
}

/** @returns the rows (none if nothing was recorded), or the error if the database rejected the data itself */
async function refusalOf(
  attempts: readonly FinishedAttempt[],
  warn: Warn,
  record: () => Promise<readonly RecordedAttempt[]>,
): Promise<readonly RecordedAttempt[] | DatabaseError> {
  try {
    return await record();
  } catch (error) {
    const correlation_ids = attempts.flatMap(({ correlationId }) => correlationId ?? []);
    warn('attempts could not be recorded', { error, attempts: attempts.length, correlation_ids });
    return isRefusedData(error) ? error : [];
  }
}

async function run(
  database: Database,
  attempts: readonly FinishedAttempt[],
  shard: number,
): Promise<readonly RecordedAttempt[]> {
  const rows = await database.execute(RECORD_SQL, { mode: 'attempt', ...recordInput(attempts, shard) });
  return rows.map((row) => recordedRow.parse(row));
}

/** SQLSTATE classes 22 (data) and 23 (constraint): replaying the same rows would fail the same way. */
function isRefusedData(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && /^2[23]/.test(error.sqlState);
}

/** The statement's input, without its mode. */
export function recordInput(attempts: readonly FinishedAttempt[], shard: number) {
  return {
    shard,
    give_back_limit: CIRCUIT.giveBackLimit,
    attempts: attempts.map(attemptInput),
    psps: [...Map.groupBy(attempts, ({ psp }) => psp)].map(([psp, group]) => observedInput(psp, group)),
    trips: {
      not_sent: CIRCUIT.notSentInARow,
      unknown: CIRCUIT.unknownInARow,
      open_seconds: CIRCUIT.firstOpenSeconds,
      longest_seconds: CIRCUIT.longestOpenSeconds,
    },
  };
}

/**
 * What the attempts of one batch say about one PSP. Any answer shows that the PSP is up and outweighs other failures in the
 * same batch, except a refusal of our key.
 */
function observedInput(psp: string, attempts: readonly FinishedAttempt[]): JsonInput {
  const healths = attempts.map(({ health }) => health);
  const failures = healths.filter((health) => health.kind === 'failed');
  const limits = healths.filter((health) => health.kind === 'rate_limited');
  const causedBy = (cause: string) => failures.filter((failure) => failure.cause === cause).length;
  const misconfigured = causedBy('misconfigured');
  return {
    psp,
    answered: healths.some(({ kind }) => kind === 'answered') && misconfigured === 0,
    not_sent: causedBy('not_sent'),
    unknown: causedBy('unknown'),
    misconfigured,
    probed: attempts.some(({ isProbe }) => isProbe),
    reason: failures[0]?.reason ?? '',
    rate_limited: limits.length,
    retry_after_seconds: Math.max(0, ...limits.map(({ retryAfterSeconds = 0 }) => retryAfterSeconds)),
  };
}

function attemptInput(attempt: FinishedAttempt): JsonInput {
  const { transition, psp } = attempt;
  const { failure, movement, waiting } = transition;
  return {
    instruction_id: attempt.instructionId,
    psp,
    payment_order_id: attempt.paymentOrderId,
    attempt_no: attempt.attemptNo,
    claim_token: attempt.claimToken,
    costs_no_attempt: transition.costsNoAttempt,
    may_give_back: attempt.isProbe || attempt.health.kind === 'failed',
    state: transition.state,
    reason: transition.reason,
    wait_seconds: transition.waitSeconds,
    parked: transition.parked,
    waits_for: transition.waitsFor === null ? null : `${transition.waitsFor}:${psp}`,
    awaits: waiting?.awaits ?? null,
    poll_seconds: waiting?.pollSeconds ?? null,
    expires_at: waiting?.expiresAt?.toISOString() ?? null,
    expires_seconds: waiting?.expiresSeconds ?? null,
    next_action: nextActionInput(waiting?.nextAction ?? null),
    not_sent: transition.provenNotSent && !isTerminal(transition.state) ? 1 : 0,
    order_status: transition.orderStatus,
    order_status_detail: transition.orderStatusDetail,
    failure:
      failure === null ? null : { category: failure.category, code: failure.code, psp_code: failure.pspCode },
    psp_reference: transition.pspReference,
    amounts: Object.fromEntries(
      Object.entries(transition.amounts).map(([name, delta]) => [name, String(delta)]),
    ),
    movement:
      movement === null
        ? null
        : {
            movement_id: attempt.movementId,
            kind: movement.kind,
            amount_minor: String(movement.amountMinor),
            currency: movement.currency,
          },
    postings: transition.postings.map((posting, index) => ({
      ledger_transaction_id: attempt.ledgerTransactionIds[index] ?? null,
      source_kind: posting.source,
      posting_type: posting.postingType,
      entries: entriesInput(posting),
    })),
    steps: attempt.steps.map((step, index) => ({
      step: index,
      action: step.action,
      outcome: step.outcome,
      detail: step.detail,
      started_at: step.startedAt.toISOString(),
      finished_at: step.finishedAt.toISOString(),
    })),
  };
}

/** As the API shows it. */
function nextActionInput(action: NextAction | null): JsonInput {
  if (action === null) return null;
  return { type: action.type, url: action.url, expires_at: action.expiresAt?.toISOString() ?? null };
}

function entriesInput(transaction: LedgerTransaction): JsonInput {
  return transaction.entries.map(({ account, direction, phase, amountMinor }, index) => ({
    entry_no: index,
    account_kind: account.kind,
    account_owner: account.owner,
    currency: account.currency,
    direction,
    phase,
    amount_minor: String(amountMinor),
    sharded: isSharded(account.kind),
  }));
}
