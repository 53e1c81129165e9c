import * as z from 'zod/mini';
import type { InstructionKey } from '../../../domain/payment/instruction.ts';
import { splitsSchema } from '../columns.ts';
import type { Database } from '../database.ts';
import { CLAIM_SQL } from './claim-instructions-sql.ts';

export interface ClaimRequest {
  readonly instructions: readonly RequestedInstruction[];
  /** Of this invocation, so that a replay of a claim whose answer was lost says `mine`. */
  readonly claimToken: string;
  /** L: how long the claimant may live. */
  readonly leaseSeconds: number;
  /** Z + W per PSP: how long after its claimant's death an attempt may stay invisible. */
  readonly propagationSecondsByPsp: Readonly<Record<string, number>>;
  /** Z + W of a PSP that this version of the code doesn't know. */
  readonly defaultPropagationSeconds: number;
  readonly attemptsPerCycle: number;
  /** Trips through the dead-letter queue; past the last the instruction is resolved (rule 11). */
  readonly cycles: number;
  /** How many instructions of one batch may find out whether a half-open circuit can close. */
  readonly probes: number;
}

export interface RequestedInstruction extends InstructionKey {
  /** The cycle that a redriven dead letter carries; null for any other message. */
  readonly deadLetterCycle: number | null;
}

/** What names the instruction in the message that asked for it. */
const named = {
  instruction_id: z.string(),
  payment_order_id: z.string(),
  operation: z.enum(['charge', 'authorize', 'capture', 'void', 'refund']),
};

const claimedRow = z.object({
  ...named,
  verdict: z.enum(['claimed', 'mine', 'resolve']),
  payment_id: z.string(),
  merchant_id: z.string(),
  /** Null for what an older version accepted. */
  correlation_id: z.nullable(z.string()),
  attempt_no: z.int(),
  cycle: z.int(),
  all_proven_not_sent: z.boolean(),
  age_seconds: z.int(),
  psp: z.string(),
  payment_method: z.string(),
  amount_minor: z.string(),
  currency: z.string(),
  splits: splitsSchema,
  order_started: z.boolean(),
  /** The PSP's circuit was open: few such claims find out whether it still must be. */
  is_probe: z.boolean(),
});

const verdictRow = z.discriminatedUnion('verdict', [
  claimedRow,
  z.object({ ...named, verdict: z.literal('not_before'), seconds_left: z.int() }),
  /**
   * `waiting` for an earlier instruction of its order, parked unless a worker holds that one.
   * `rate_limited`: until the slot that is reserved for it; parked where its PSP has none in the near future.
   */
  z.object({
    ...named,
    verdict: z.enum(['waiting', 'rate_limited']),
    seconds_left: z.int(),
    parked: z.boolean(),
  }),
  z.object({ ...named, verdict: z.literal('circuit_open'), seconds_left: z.int() }),
  z.object({ ...named, verdict: z.literal('exhausted'), cycle: z.int(), reason: z.string() }),
  /** The instruction is there, and of another order or operation; `reason` says of which. */
  z.object({ ...named, verdict: z.literal('mismatched'), reason: z.string() }),
  z.object({ ...named, verdict: z.enum(['terminal', 'quarantined', 'locked', 'missing', 'paused']) }),
]);

export type Verdict = z.infer<typeof verdictRow>;
export type ClaimedInstruction = z.infer<typeof claimedRow>;
export type Refusal = Exclude<Verdict, ClaimedInstruction>;

/** As the message named it. */
export function keyOf({ instruction_id, payment_order_id, operation }: Verdict): InstructionKey {
  return { instructionId: instruction_id, paymentOrderId: payment_order_id, operation };
}

/** `claimed` now, to `resolve`, or `mine` already: this invocation holds the instruction. */
export function isClaimed(verdict: Verdict): verdict is ClaimedInstruction {
  return verdict.verdict === 'claimed' || verdict.verdict === 'mine' || verdict.verdict === 'resolve';
}

/**
 * Claims what can be claimed and says of every input why or why not: one verdict each, never told by absence
 * (rules 1 and 2). What waits for a circuit, a pause, a PSP's rate or a predecessor that no worker holds is parked by
 * the same statement; what has used up its attempts becomes a dead letter. `seconds_left` is by the database's clock, rounded up.
 */
export async function claimInstructions(
  database: Database,
  request: ClaimRequest,
): Promise<readonly Verdict[]> {
  const rows = await database.execute(CLAIM_SQL, {
    instructions: request.instructions.map((asked) => ({
      instruction_id: asked.instructionId,
      payment_order_id: asked.paymentOrderId,
      operation: asked.operation,
      dead_letter_cycle: asked.deadLetterCycle,
    })),
    claim_token: request.claimToken,
    lease_seconds: request.leaseSeconds,
    propagation_seconds: request.propagationSecondsByPsp,
    default_propagation_seconds: request.defaultPropagationSeconds,
    attempts_per_cycle: request.attemptsPerCycle,
    cycles: request.cycles,
    probes: request.probes,
  });
  return rows.map((row) => verdictRow.parse(row));
}
