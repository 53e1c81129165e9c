import type { SQSRecord } from 'aws-lambda';
import type { Database } from '../adapters/database/database.ts';
import { systemIds } from '../adapters/ids.ts';
import { unmetered } from '../adapters/metrics/meter.ts';
import type { Psp } from '../adapters/psp/psp.ts';
import { systemTime } from '../adapters/time.ts';
import { type InstructionKey, instructionMessageBody } from '../domain/payment/instruction.ts';
import type { ExecutorEffects } from '../lambdas/execute-instructions/effects.ts';
import { executeBatch } from '../lambdas/execute-instructions/execute-batch.ts';

const REMAINING_MS = 30_000;

/** Our executor on this database and PSP. SQS and DynamoDB, other machines in production, are a set in memory or nothing. */
export function executorInMemory(database: Database, psp: Psp): ExecutorEffects {
  const consumed = new Set<string>();
  return {
    database,
    consumed: {
      find: async (keys) => new Set(keys.filter((key) => consumed.has(key))),
      record: async (keys) => {
        for (const key of keys) consumed.add(key);
        return new Set();
      },
    },
    psps: new Map([[psp.account, psp]]),
    visibility: { change: async () => {} },
    deadLetters: { send: async () => new Set() },
    time: systemTime,
    ids: systemIds,
    restoreEpoch: '1',
    log: { orderChanged: () => {}, warn: (message, detail) => console.error(message, detail) },
    meter: unmetered,
  };
}

/** @returns the ids of the instructions whose messages failed */
export function executeMessages(
  messages: readonly InstructionKey[],
  effects: ExecutorEffects,
): Promise<readonly string[]> {
  return executeBatch(messages.map(recordOf), effects, {
    claimToken: systemIds.next('clm'),
    remainingMilliseconds: () => REMAINING_MS,
  });
}

/** A message contains its instruction's id. */
function recordOf(message: InstructionKey): SQSRecord {
  return {
    messageId: message.instructionId,
    receiptHandle: message.instructionId,
    body: instructionMessageBody(message),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
      MessageGroupId: message.groupId,
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: '',
    awsRegion: '',
  };
}
