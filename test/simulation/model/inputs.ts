import * as z from 'zod/mini';
import { MOVEMENT_KINDS } from '../../../domain/ledger/movement.ts';
import { ORDER_AMOUNTS } from '../../../domain/ledger/order-amounts.ts';

/** What the statements are given, parsed again: the model believes nothing that SQL wouldn't. */
const nullable = <T extends z.ZodMiniType>(type: T) => z.optional(z.nullable(type));

export const claimInput = z.object({
  instructions: z.array(
    z.object({
      instruction_id: z.string(),
      group_id: z.string(),
      operation: z.string(),
      dead_letter_cycle: z.nullable(z.int()),
    }),
  ),
  claim_token: z.string(),
  lease_seconds: z.int(),
  propagation_seconds: z.record(z.string(), z.number()),
  default_propagation_seconds: z.int(),
  attempts_per_cycle: z.int(),
  cycles: z.int(),
  probes: z.int(),
  credential_versions: z.record(z.string(), z.string()),
  declared_spacings: z.record(z.string(), z.int()),
  /** Of a planted bug: live leases are quarantined. */
  quarantines_live: z.optional(z.boolean()),
  /** Of a planted bug: an instruction is claimed before its parent has ended. */
  ignores_parents: z.optional(z.boolean()),
  /** Of a planted bug: an instruction is claimed although its parent has failed. */
  ignores_failed_parents: z.optional(z.boolean()),
  /** Of a planted bug: what waits for its parent stays in the queue. */
  never_parks_children: z.optional(z.boolean()),
  /** Of a planted bug: what was reserved for what is cancelled stays reserved. */
  keeps_reservations: z.optional(z.boolean()),
  /** Of a planted bug: what is parked behind its parent counts on being woken. */
  parks_children_for_seconds: z.optional(z.number()),
});
export type ClaimInput = z.infer<typeof claimInput>;

const entry = z.object({
  account_kind: z.string(),
  account_owner: z.string(),
  currency: z.string(),
  direction: z.string(),
  phase: z.enum(['pending', 'posted', 'voided']),
  amount_minor: z.string(),
});
const movement = z.object({
  movement_id: z.string(),
  kind: z.enum(MOVEMENT_KINDS),
  amount_minor: z.string(),
  currency: z.string(),
});
const posting = z.object({
  ledger_transaction_id: z.string(),
  source_kind: z.enum(['movement', 'instruction', 'operation']),
  posting_type: z.string(),
  entries: z.array(entry),
});

export const recordInput = z.object({
  attempts: z.array(
    z.object({
      instruction_id: z.string(),
      psp: z.string(),
      costs_no_attempt: z.boolean(),
      may_give_back: z.boolean(),
      payment_order_id: z.string(),
      attempt_no: z.int(),
      claim_token: z.string(),
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
      reason: z.nullable(z.string()),
      wait_seconds: z.nullable(z.number()),
      parked: z.boolean(),
      waits_for: z.nullable(z.string()),
      not_sent: z.int(),
      awaits: z.nullable(z.enum(['buyer', 'psp'])),
      poll_seconds: z.nullable(z.number()),
      expires_at: z.nullable(z.string()),
      expires_seconds: z.nullable(z.number()),
      next_action: z.nullable(z.record(z.string(), z.unknown())),
      order_status: z.nullable(z.enum(['NOT_STARTED', 'EXECUTING', 'SUCCESS', 'FAILED'])),
      order_status_detail: z.nullable(z.string()),
      psp_reference: z.nullable(z.string()),
      amounts: z.partialRecord(z.enum(ORDER_AMOUNTS), z.string()),
      movement: z.nullable(movement),
      postings: z.array(posting),
      /** Of a planted bug: the ledger's step books what the fence refused, and draws the movement's name. */
      books_unfenced: z.optional(z.boolean()),
      /** Of a planted bug: amounts are added whether the attempt holds its claim or not. */
      adds_unfenced: z.optional(z.boolean()),
      steps: z.array(z.object({ step: z.int() })),
    }),
  ),
  psps: z.array(
    z.object({
      psp: z.string(),
      answered: z.boolean(),
      not_sent: z.int(),
      unknown: z.int(),
      misconfigured: z.int(),
      probed: z.boolean(),
      rate_limited: z.int(),
      retry_after_seconds: z.int(),
    }),
  ),
  trips: z.object({
    not_sent: z.int(),
    unknown: z.int(),
    open_seconds: z.int(),
    longest_seconds: z.int(),
  }),
  give_back_limit: z.int(),
});
export type RecordInput = z.infer<typeof recordInput>;

export const acceptInput = z.object({
  payment_id: z.string(),
  merchant_id: z.string(),
  request: z.record(z.string(), z.unknown()),
  request_version: z.int(),
  correlation_id: z.string(),
  orders: z.array(
    z.object({
      payment_order_id: z.string(),
      instruction_id: z.string(),
      amount_minor: z.string(),
      currency: z.string(),
      splits: z.array(z.object({ seller_id: z.string(), amount_minor: z.string() })),
      psp_account: z.string(),
      send_within_seconds: z.nullable(z.int()),
    }),
  ),
  is_refused: z.boolean(),
  scope: z.string(),
  key: z.string(),
  fingerprint: z.string(),
  status: z.int(),
  location: z.string(),
  body: z.string(),
});
export type AcceptInput = z.infer<typeof acceptInput>;

export const parentsInput = z.object({
  parents: z.array(
    z.object({
      instruction_id: z.string(),
      charge_id: z.string(),
      parent_id: z.nullable(z.string()),
      is_last: z.boolean(),
      amount_minor: nullable(z.string()),
      is_captured: nullable(z.boolean()),
    }),
  ),
});
export type ParentsInput = z.infer<typeof parentsInput>;

export const receiveInput = z.object({
  event_id: z.string(),
  psp_account: z.string(),
  psp_event_id: z.string(),
  type: z.string(),
  object_id: z.string(),
  object_state: z.string(),
  created_at: z.string(),
  instruction_id: nullable(z.string()),
  payment_order_id: nullable(z.string()),
  /** Of a planted bug: the event that came last says what its object's state is. */
  overrides_states: z.optional(z.boolean()),
});
export type ReceiveInput = z.infer<typeof receiveInput>;

export const matchInput = z.object({ limit: z.int(), early_seconds: z.int() });
export type MatchInput = z.infer<typeof matchInput>;

export const returnInput = z.object({ payment_order_id: z.string() });
export type ReturnInput = z.infer<typeof returnInput>;

export const relayInput = z.object({ limit: z.int(), probes: z.int() });
export const poisonInput = z.object({
  messages: z.array(
    z.object({ dead_letter_id: z.string(), message_id: z.string(), reason: z.string(), body: z.string() }),
  ),
});
export const planInput = z.object({
  rest_seconds: z.array(z.number()),
  reason: nullable(z.string()),
  psp: nullable(z.string()),
  older_than_seconds: nullable(z.number()),
  limit: z.int(),
});
export const registerInput = z.object({
  dead_letters: z.array(
    z.object({
      instruction_id: z.string(),
      group_id: z.string(),
      operation: z.string(),
      message_id: z.string(),
    }),
  ),
  /** Of a planted bug: what is marked as redriven is believed to have gone. */
  believes_marks: z.optional(z.boolean()),
});
export const markInput = z.object({
  dead_letters: z.array(z.object({ dead_letter_id: z.string(), times_seen: z.int() })),
  /** Of a planted bug: whatever has come of a dead letter since it was planned. */
  marks_any: z.optional(z.boolean()),
});
