import type { Refusal } from '../../adapters/database/statements/claim-instructions.ts';
import type { RecordedAttempt } from '../../adapters/database/statements/record-attempts.ts';
import { unreachable } from '../../domain/assert.ts';
import { isAwaiting, isTerminal } from '../../domain/payment/instruction.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import type { BatchItem } from './batch.ts';
import { infrastructureBackoffSeconds } from './sqs-record.ts';

/** What is done with an instruction's messages. */
export type Disposition =
  /** Terminal in the database: recorded as consumed, then acknowledged (rule 8). */
  | { readonly kind: 'consume' }
  | { readonly kind: 'acknowledge' }
  /** Hidden for `seconds` and reported as failed, so that SQS delivers it again (rules 2 and 9). */
  | { readonly kind: 'again'; readonly seconds: number }
  /** Stored in the database, then sent to the dead-letter queue; quarantined if it was seen before. */
  | { readonly kind: 'poison'; readonly reason: string }
  /** Sent to the dead-letter queue, then acknowledged. */
  | { readonly kind: 'dead_letter'; readonly reason: string; readonly cycle: number };

/** By the name of the batch item. */
export type Dispositions = ReadonlyMap<string, Disposition>;

/** Another worker's statement holds the row's lock, for milliseconds. */
const LOCKED_SECONDS = 2;

/** For items that failed because one of our own services was unavailable. */
export function againLater(items: readonly BatchItem[]): Dispositions {
  return new Map(
    items.map(({ name, records }) => [name, again(infrastructureBackoffSeconds(records))] as const),
  );
}

/** A parked instruction is acknowledged: the relay sends it again once what it waits for is over. */
export function dispositionOfRefusal(verdict: Refusal): Disposition {
  switch (verdict.verdict) {
    case 'terminal':
      return { kind: 'consume' };
    case 'quarantined':
    case 'awaiting':
    case 'paused':
    case 'circuit_open':
      return { kind: 'acknowledge' };
    case 'waiting':
    case 'rate_limited':
      return verdict.parked ? { kind: 'acknowledge' } : again(verdict.seconds_left);
    case 'not_before':
      return again(verdict.seconds_left);
    case 'locked':
      return again(LOCKED_SECONDS);
    case 'exhausted':
      return { kind: 'dead_letter', reason: verdict.reason, cycle: verdict.cycle };
    case 'mismatched':
      return { kind: 'poison', reason: mismatchOf(verdict) };
    case 'missing':
      return { kind: 'poison', reason: `no such instruction ${verdict.instruction_id}` };
    default:
      return unreachable(verdict);
  }
}

function mismatchOf(verdict: Extract<Refusal, { verdict: 'mismatched' }>): string {
  const { instruction_id, group_id, operation, reason } = verdict;
  return `instruction ${instruction_id} is a ${reason}, not a ${operation} of ${group_id}`;
}

/** A message is not acknowledged if its attempt changed nothing or could not be recorded (rule 7). */
export function dispositionOfAttempt(row: RecordedAttempt | undefined): Disposition {
  if (row === undefined) return again(TIMING.leaseSeconds);
  if (isTerminal(row.state)) return { kind: 'consume' };
  if (row.state === 'dead_lettered') {
    return { kind: 'dead_letter', reason: row.reason ?? 'no reason was recorded', cycle: row.cycle };
  }
  if (row.state === 'quarantined' || (row.is_applied && row.parked)) return { kind: 'acknowledge' };
  // Even if another worker has put it there: the message would keep its group waiting until the next look-up.
  if (isAwaiting(row.state) && row.parked) return { kind: 'acknowledge' };
  return again(row.seconds_left);
}

/** Whether the next instruction of its order may be tried. Poison is not an instruction, so it blocks none. */
export function isDone(disposition: Disposition | undefined): boolean {
  return disposition !== undefined && ['consume', 'acknowledge', 'poison'].includes(disposition.kind);
}

function again(seconds: number): Disposition {
  return { kind: 'again', seconds: Math.max(1, seconds) };
}
