import * as z from 'zod/mini';
import type { InstructionKey } from '../../../domain/payment/instruction.ts';
import { operationSchema, requestSchema, splitsSchema } from '../columns.ts';
import type { Database, DatabaseRow } from '../database.ts';
import { CLAIM_SQL } from './claim-instructions-sql.ts';

export interface ClaimRequest {
  readonly instructions: readonly RequestedInstruction[];
  /** Identifies this invocation: a replay of a claim whose answer was lost returns `mine`. */
  readonly claimToken: string;
  /** L: how long the claim protects its holder. */
  readonly leaseSeconds: number;
  /** Z + W per PSP: how long after its worker is gone an attempt may stay invisible to look-ups. */
  readonly propagationSecondsByPsp: Readonly<Record<string, number>>;
  /** Z + W for a PSP that this version of the code doesn't know. */
  readonly defaultPropagationSeconds: number;
  readonly attemptsPerCycle: number;
  /** How many times an instruction may pass through the dead-letter queue; after the last it is resolved (rule 11). */
  readonly cycles: number;
  /** How many instructions of one batch may probe a half-open circuit. */
  readonly probes: number;
  /** The version of our credential that this worker holds, by PSP account; none for an account whose secret can't be read. */
  readonly credentialVersions: Readonly<Record<string, string>>;
  /** Milliseconds from one call to the next, by PSP, where its adapter declares a rate; 0 where it doesn't. */
  readonly declaredSpacings: Readonly<Record<string, number>>;
}

export interface RequestedInstruction extends InstructionKey {
  /** The cycle carried by a redriven dead letter; null for any other message. */
  readonly deadLetterCycle: number | null;
}

/** The instruction's key, as the message gave it. */
const named = {
  instruction_id: z.string(),
  group_id: z.string(),
  operation: operationSchema,
};

const held = {
  ...named,
  /** Null for what belongs to no payment, such as a payout. */
  payment_order_id: z.nullable(z.string()),
  payment_id: z.nullable(z.string()),
  merchant_id: z.string(),
  /** Null if an older version accepted the payment. */
  correlation_id: z.nullable(z.string()),
  attempt_no: z.int(),
  cycle: z.int(),
  all_proven_not_sent: z.boolean(),
  /** What may have been sent was sent with the credential that this worker holds. */
  is_same_credential: z.boolean(),
  is_too_late_to_send: z.boolean(),
  awaits: z.nullable(z.enum(['buyer', 'psp'])),
  /** The PSP's id of it, once it is known. */
  psp_reference: z.nullable(z.string()),
  /** Negative before; null if it has no expiry. */
  seconds_past_expiry: z.nullable(z.int()),
  age_seconds: z.int(),
  psp_account: z.string(),
  amount_minor: z.string(),
  currency: z.string(),
  request_version: z.int(),
  order_started: z.boolean(),
  /** The PSP's circuit is half-open, and this attempt probes it. */
  is_probe: z.boolean(),
};

const claimedRow = z.object({
  ...held,
  verdict: z.enum(['claimed', 'mine', 'resolve']),
  splits: splitsSchema,
  request: requestSchema,
});

/** Claimed, and what the PSP is to be told can't be read. */
const unreadableRow = z.object({ ...held, verdict: z.literal('unreadable'), reason: z.string() });

const verdictRow = z.discriminatedUnion('verdict', [
  claimedRow,
  z.object({ ...named, verdict: z.literal('not_before'), seconds_left: z.int() }),
  /**
   * `waiting`: for its parent; parked unless a worker holds that one.
   * `rate_limited`: until its reserved slot; parked if its PSP has no free slot within the next 15 seconds.
   */
  z.object({
    ...named,
    verdict: z.enum(['waiting', 'rate_limited']),
    seconds_left: z.int(),
    parked: z.boolean(),
  }),
  z.object({ ...named, verdict: z.literal('circuit_open'), seconds_left: z.int() }),
  z.object({ ...named, verdict: z.literal('exhausted'), cycle: z.int(), reason: z.string() }),
  /** The instruction exists, but with another group or operation; `reason` names them. */
  z.object({ ...named, verdict: z.literal('mismatched'), reason: z.string() }),
  z.object({
    ...named,
    verdict: z.enum(['terminal', 'quarantined', 'awaiting', 'locked', 'missing', 'paused']),
  }),
]);

export type ClaimedInstruction = z.infer<typeof claimedRow>;
export type UnreadableInstruction = z.infer<typeof unreadableRow>;
/** What this invocation holds the claim of. */
export type HeldInstruction = ClaimedInstruction | UnreadableInstruction;
export type Refusal = Exclude<z.infer<typeof verdictRow>, ClaimedInstruction>;
export type Verdict = HeldInstruction | Refusal;

/** The instruction's key, as the message gave it. */
export function keyOf({ instruction_id, group_id, operation }: Verdict): InstructionKey {
  return { instructionId: instruction_id, groupId: group_id, operation };
}

const HELD: ReadonlySet<string> = new Set(['claimed', 'mine', 'resolve', 'unreadable']);

/** Whether this invocation holds the instruction: `claimed` now, claimed to `resolve`, or `mine` since an earlier run. */
export function isHeld(verdict: Verdict): verdict is HeldInstruction {
  return HELD.has(verdict.verdict);
}

/**
 * Claims the instructions that can be claimed and returns one verdict per input, so that no conclusion is ever drawn from a
 * missing row (rules 1 and 2). The same statement parks an instruction that waits for a circuit, a pause, its PSP's rate or
 * a parent that no worker holds, and makes a dead letter of one that has used up its attempts. `seconds_left` is by
 * the database's clock, rounded up.
 */
export async function claimInstructions(
  database: Database,
  request: ClaimRequest,
): Promise<readonly Verdict[]> {
  const rows = await database.execute(CLAIM_SQL, {
    instructions: request.instructions.map((requested) => ({
      instruction_id: requested.instructionId,
      group_id: requested.groupId,
      operation: requested.operation,
      dead_letter_cycle: requested.deadLetterCycle,
    })),
    claim_token: request.claimToken,
    lease_seconds: request.leaseSeconds,
    propagation_seconds: request.propagationSecondsByPsp,
    default_propagation_seconds: request.defaultPropagationSeconds,
    attempts_per_cycle: request.attemptsPerCycle,
    cycles: request.cycles,
    probes: request.probes,
    credential_versions: request.credentialVersions,
    declared_spacings: request.declaredSpacings,
  });
  return rows.map(parseVerdict);
}

/** A row that can't be read costs the others of its batch nothing. */
function parseVerdict(row: DatabaseRow): Verdict {
  const { data, error } = verdictRow.safeParse(row);
  if (data !== undefined) return data;
  const reason = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  return unreadableRow.parse({ ...row, verdict: 'unreadable', reason });
}
