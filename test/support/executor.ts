import type { SQSRecord } from 'aws-lambda';
import type { Database } from '../../adapters/database/database.ts';
import { systemIds } from '../../adapters/ids.ts';
import { GatheringMeter } from '../../adapters/metrics/meter.ts';
import type { Psp, PspRequest } from '../../adapters/psp/psp.ts';
import type { PspEvent } from '../../adapters/psp/psp-event.ts';
import type { ListedMovements } from '../../adapters/psp/psp-movement.ts';
import type { DeadLetter } from '../../adapters/sqs/dead-letter-sender.ts';
import type { VisibilityChange } from '../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import { type InstructionKey, instructionMessageBody } from '../../domain/payment/instruction.ts';
import {
  EVERY_AMOUNT,
  type OperationAbilities,
  type PspAbilities,
} from '../../domain/payment/psp-abilities.ts';
import type { PspFinding, PspInvalidation, PspOutcome } from '../../domain/payment/psp-outcome.ts';
import type { ExecutorEffects, OrderChange } from '../../lambdas/execute-instructions/effects.ts';
import { executeBatch } from '../../lambdas/execute-instructions/execute-batch.ts';
import { type ChargedOrder, chargeOf } from './payments.ts';

export const DEDUPLICATING: OperationAbilities = {
  keyLifetimeSeconds: 24 * 3600,
  lookUpLagSeconds: 1,
  maxInFlightSeconds: 2,
  invalidatesByKey: false,
  expiresByItself: false,
  replaysStoredServerErrors: false,
  keyScopeIncludesCredential: false,
  deduplicatesByReference: false,
};

type Charge = (request: PspRequest, signal: AbortSignal) => Promise<PspOutcome>;
type LookUp = (request: PspRequest, signal: AbortSignal) => Promise<PspFinding>;

type Cancel = (request: PspRequest, signal: AbortSignal) => Promise<PspInvalidation>;

export function succeeded(request: PspRequest): Extract<PspOutcome, { kind: 'succeeded' }> {
  const { reference, amountMinor, currency } = request;
  return { kind: 'succeeded', charge: { pspReference: `ch_${reference}`, reference, amountMinor, currency } };
}

/** Every operation, with the same abilities. */
export function abilitiesOfAll(every: OperationAbilities): PspAbilities {
  const operations = { charge: every, authorize: every, capture: every, void: every, refund: every };
  return { operations, currencies: EVERY_AMOUNT };
}

/** A PSP that a test scripts, and that remembers what it was asked. */
export class ScriptedPsp implements Psp {
  readonly account: string;
  readonly abilities: PspAbilities;
  readonly credentialVersion = 'v1';
  readonly charges: PspRequest[] = [];
  readonly lookUps: PspRequest[] = [];
  readonly invalidations: PspRequest[] = [];
  onCharge: Charge = async (request) => succeeded(request);
  onLookUp: LookUp = async () => ({ kind: 'not_found' });
  onInvalidate: Cancel = async () => ({ kind: 'invalidated' });

  /** @param abilities of every operation */
  constructor(account = 'simulator', abilities = DEDUPLICATING) {
    this.account = account;
    this.abilities = abilitiesOfAll(abilities);
  }

  execute(request: PspRequest, signal: AbortSignal): Promise<PspOutcome> {
    this.charges.push(request);
    return this.onCharge(request, signal);
  }

  find(request: PspRequest, signal: AbortSignal): Promise<PspFinding> {
    this.lookUps.push(request);
    return this.onLookUp(request, signal);
  }

  invalidate(request: PspRequest, signal: AbortSignal): Promise<PspInvalidation> {
    this.invalidations.push(request);
    return this.onInvalidate(request, signal);
  }

  parseEvent(): Promise<PspEvent> {
    return Promise.reject(new Error('it sends no events'));
  }

  async movements(): Promise<ListedMovements> {
    return { kind: 'not_supported' };
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
      psps: new Map([[psp.account, psp]]),
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
