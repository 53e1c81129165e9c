import type { EventState } from '../../../adapters/database/statements/receive-event.ts';
import type { Movement } from '../../../domain/ledger/movement.ts';
import type { OrderAmounts } from '../../../domain/ledger/order-amounts.ts';
import type { InstructionState } from '../../../domain/payment/instruction.ts';
import type { Operation } from '../../../domain/payment/psp-outcome.ts';
import type { OrderStatus } from '../../../domain/payment/status.ts';

/** Times are milliseconds since the epoch. */
export interface ModelInstruction {
  readonly id: string;
  /** Its order's id. */
  readonly groupId: string;
  readonly orderId: string;
  /** It waits for this one to succeed. */
  parentId: string | null;
  operation: Operation;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly psp: string;
  readonly amountMinor: string;
  readonly currency: string;
  readonly splits: string;
  readonly request: string;
  readonly requestVersion: number;
  readonly correlationId: string;
  readonly acceptedAt: number;
  /** Until when the PSP takes it. */
  readonly sendBy: number | null;
  state: InstructionState;
  reason: string | null;
  attemptNo: number;
  attemptsNotSent: number;
  attemptsInCycle: number;
  cycle: number;
  claimToken: string | null;
  firstClaimedAt: number | null;
  notBefore: number;
  parked: boolean;
  waitsFor: string | null;
  slotAt: number | null;
  awaits: 'buyer' | 'psp' | null;
  pollAt: number | null;
  expiresAt: number | null;
  wokenAt: number | null;
  pspReference: string | null;
  credentialVersion: string | null;
  sendNo: number;
  resends: number;
  lastSentAt: number;
}

export interface ModelOrder {
  readonly id: string;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly psp: string;
  readonly amountMinor: string;
  readonly currency: string;
  readonly splits: string;
  status: OrderStatus;
  statusDetail: string | null;
  nextAction: unknown;
  pspReference: string | null;
  amounts: OrderAmounts;
}

export interface ModelPayment {
  readonly id: string;
  readonly total: number;
  started: number;
  succeeded: number;
  failed: number;
}

export interface ModelCircuit {
  notSent: number;
  unknown: number;
  openUntil: number | null;
  openSeconds: number;
  probeUntil: number | null;
}

export interface ModelLimiter {
  readonly declared: number;
  readonly spacing: number;
  readonly limitedAt: number;
  readonly recoversFrom: number;
  readonly nextCallAt: number;
}

export interface ModelDeadLetter {
  readonly isPoison: boolean;
  poisonState: 'waiting' | 'quarantined' | 'closed' | null;
  reason: string;
  cycle: number;
  timesSeen: number;
  messageId: string | null;
  lastSeenAt: number;
  redrivenAt: number | null;
}

export interface ModelMovement extends Movement {
  readonly id: string;
  readonly instructionId: string;
  readonly orderId: string;
}

export interface ModelPosting {
  /** The movement or the instruction that is booked. */
  readonly sourceId: string;
  readonly postingType: string;
  readonly entries: readonly {
    readonly account: string;
    readonly direction: string;
    readonly phase: string;
    readonly amountMinor: bigint;
    readonly currency: string;
  }[];
}

export interface ModelEvent {
  readonly id: string;
  readonly pspAccount: string;
  readonly pspEventId: string;
  /** Account, object, type, state and time: two events of one change have the same. */
  readonly change: string;
  readonly objectId: string;
  readonly createdAt: number;
  readonly receivedAt: number;
  readonly instructionId: string | null;
  readonly paymentOrderId: string | null;
  readonly isReordered: boolean;
  state: EventState;
  deliveries: number;
}

/** What the database holds, as far as the protocol's statements see it. */
export class ModelState {
  readonly instructions = new Map<string, ModelInstruction>();
  readonly orders = new Map<string, ModelOrder>();
  readonly payments = new Map<string, ModelPayment>();
  readonly keys = new Map<string, { fingerprint: string; status: number; location: string; body: string }>();
  readonly circuits = new Map<string, ModelCircuit>();
  readonly limiters = new Map<string, ModelLimiter>();
  readonly pauses = new Set<string>();
  readonly deadLetters = new Map<string, ModelDeadLetter>();
  /** By their names, which are unique. */
  readonly movements = new Map<string, ModelMovement>();
  readonly postings = new Map<string, ModelPosting>();
  readonly evidence = new Set<string>();
  readonly events = new Map<string, ModelEvent>();

  instruction(id: string): ModelInstruction {
    const found = this.instructions.get(id);
    if (found === undefined) throw new Error(`the model holds no instruction ${id}`);
    return found;
  }

  parentOf({ parentId }: ModelInstruction): ModelInstruction | undefined {
    return parentId === null ? undefined : this.instruction(parentId);
  }

  order(id: string): ModelOrder {
    const found = this.orders.get(id);
    if (found === undefined) throw new Error(`the model holds no order ${id}`);
    return found;
  }

  payment(id: string): ModelPayment {
    const found = this.payments.get(id);
    if (found === undefined) throw new Error(`the model holds no payment ${id}`);
    return found;
  }
}

const TERMINAL: ReadonlySet<InstructionState> = new Set(['succeeded', 'declined', 'cancelled']);

export function isTerminalState(state: InstructionState): boolean {
  return TERMINAL.has(state);
}

export function isAwaitingState(state: InstructionState): boolean {
  return state === 'awaiting_buyer' || state === 'awaiting_psp';
}

/** No money was taken by it, nor will be. */
export function hasFailed({ state }: ModelInstruction): boolean {
  return state === 'declined' || state === 'cancelled';
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** As the SQL function of this name. */
export function relayDueAt(row: ModelInstruction): number | null {
  if (isTerminalState(row.state) || row.state === 'quarantined') return null;
  if (row.state === 'dead_lettered') return Math.max(row.lastSentAt, row.notBefore) + 24 * 60 * MINUTE;
  if (row.waitsFor !== null) return null;
  if (row.parked) return row.notBefore;
  if (row.attemptNo === 0 && row.resends === 0) return row.lastSentAt + MINUTE;
  const doubling = Math.min(row.resends - (row.attemptNo === 0 ? 1 : 0), 7);
  return Math.max(row.lastSentAt, row.notBefore) + 6 * MINUTE * 2 ** doubling;
}
