import type { SQSRecord } from 'aws-lambda';
import type { Database } from '../../adapters/database/database.ts';
import { systemIds } from '../../adapters/ids.ts';
import { GatheringMeter } from '../../adapters/metrics/meter.ts';
import type { ChargeRequest, Psp } from '../../adapters/psp/psp.ts';
import type { DeadLetter } from '../../adapters/sqs/dead-letter-sender.ts';
import type { VisibilityChange } from '../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import { type InstructionKey, instructionMessageBody } from '../../domain/payment/instruction.ts';
import type {
  PspAbilities,
  PspFinding,
  PspInvalidation,
  PspOutcome,
} from '../../domain/payment/psp-outcome.ts';
import type { ExecutorEffects, OrderChange } from '../../lambdas/execute-instructions/effects.ts';
import { executeBatch } from '../../lambdas/execute-instructions/execute-batch.ts';
import { type ChargedOrder, chargeOf } from './payments.ts';

export const DEDUPLICATING: PspAbilities = {
  keyLifetimeSeconds: 24 * 3600,
  lookUpLagSeconds: 1,
  maxInFlightSeconds: 2,
  invalidatesByKey: false,
  replaysStoredServerErrors: false,
};

type Charge = (request: ChargeRequest, signal: AbortSignal) => Promise<PspOutcome>;
type LookUp = (request: ChargeRequest, signal: AbortSignal) => Promise<PspFinding>;

type Cancel = (request: ChargeRequest, signal: AbortSignal) => Promise<PspInvalidation>;

export function succeeded(request: ChargeRequest): Extract<PspOutcome, { kind: 'succeeded' }> {
  const { reference, amountMinor, currency } = request;
  return { kind: 'succeeded', charge: { pspReference: `ch_${reference}`, reference, amountMinor, currency } };
}

/** A PSP that a test scripts, and that remembers what it was asked. */
export class ScriptedPsp implements Psp {
  readonly name: string;
  readonly abilities: PspAbilities;
  readonly charges: ChargeRequest[] = [];
  readonly lookUps: ChargeRequest[] = [];
  readonly invalidations: ChargeRequest[] = [];
  onCharge: Charge = async (request) => succeeded(request);
  onLookUp: LookUp = async () => ({ kind: 'not_found' });
  onInvalidate: Cancel = async () => ({ kind: 'invalidated' });

  constructor(name = 'simulator', abilities = DEDUPLICATING) {
    this.name = name;
    this.abilities = abilities;
  }

  charge(request: ChargeRequest, signal: AbortSignal): Promise<PspOutcome> {
    this.charges.push(request);
    return this.onCharge(request, signal);
  }

  lookUp(request: ChargeRequest, signal: AbortSignal): Promise<PspFinding> {
    this.lookUps.push(request);
    return this.onLookUp(request, signal);
  }

  invalidate(request: ChargeRequest, signal: AbortSignal): Promise<PspInvalidation> {
    this.invalidations.push(request);
    return this.onInvalidate(request, signal);
  }
}

/** The executor on a real database, with everything else in memory and open to inspection. */
export class ExecutorHarness {
  readonly psp: ScriptedPsp;
  readonly consumedKeys = new Set<string>();
  readonly deadLetters: DeadLetter[] = [];
  readonly visibility: VisibilityChange[] = [];
  readonly changes: OrderChange[] = [];
  readonly warnings: string[] = [];
  readonly meter = new GatheringMeter();
  readonly effects: ExecutorEffects;
  /** Milliseconds that each invocation still has. */
  remainingMilliseconds = 30_000;

  constructor(database: Database, psp = new ScriptedPsp(), overrides: Partial<ExecutorEffects> = {}) {
    this.psp = psp;
    this.effects = {
      database,
      consumed: {
        find: async (keys) => new Set(keys.filter((key) => this.consumedKeys.has(key))),
        record: async (keys) => {
          for (const key of keys) this.consumedKeys.add(key);
          return new Set();
        },
      },
      psps: new Map([[psp.name, psp]]),
      visibility: {
        change: async (changes) => {
          this.visibility.push(...changes);
        },
      },
      deadLetters: {
        send: async (deadLetters) => {
          this.deadLetters.push(...deadLetters);
          return new Set();
        },
      },
      time: systemTime,
      ids: systemIds,
      restoreEpoch: '1',
      log: {
        orderChanged: (change) => this.changes.push(change),
        warn: (message) => this.warnings.push(message),
      },
      meter: this.meter,
      ...overrides,
    };
  }

  /** @returns the ids of the messages that failed */
  execute(...records: readonly SQSRecord[]): Promise<readonly string[]> {
    const claimToken = systemIds.next('clm');
    return executeBatch(records, this.effects, {
      claimToken,
      remainingMilliseconds: () => this.remainingMilliseconds,
    });
  }
}

let messageCount = 0;

/** The message of an instruction; of an order, its charge's. */
export function recordOf(
  named: ChargedOrder | InstructionKey,
  body?: string,
  deadLetterCycle?: number,
): SQSRecord {
  messageCount += 1;
  const key = 'groupId' in named ? named : chargeOf(named);
  return {
    messageId: `message-${messageCount}`,
    receiptHandle: `handle-${messageCount}`,
    body: body ?? instructionMessageBody(key),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: '0',
      MessageGroupId: key.groupId,
    },
    messageAttributes:
      deadLetterCycle === undefined
        ? {}
        : { cycle: { dataType: 'Number', stringValue: String(deadLetterCycle) } },
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:instructions.fifo',
    awsRegion: 'us-east-1',
  };
}
