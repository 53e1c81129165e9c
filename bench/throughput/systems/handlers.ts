/**
 * Our handlers' own code on a direct PostgreSQL adapter. SQS and DynamoDB are other machines in production; here a list
 * and a set in memory stand for them.
 */
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { unmetered } from '../../../adapters/metrics/meter.ts';
import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import type { InstructionMessage } from '../../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../../adapters/time.ts';
import { instructionMessageBody } from '../../../domain/payment/instruction.ts';
import { acceptPayment } from '../../../lambdas/accept-payment/accept.ts';
import type { ExecutorEffects } from '../../../lambdas/execute-instructions/effects.ts';
import { executeBatch } from '../../../lambdas/execute-instructions/execute-batch.ts';
import { serveAccept } from '../http-accept.ts';
import { openDatabase } from '../open-database.ts';
import type { SystemReady, SystemStart } from '../system.ts';
import { runSystem } from '../system-process.ts';

const CONNECTIONS = 16;
/** Batches at once: enough to overlap the PSP's answer with the database's, few enough that batches fill. */
const EXECUTORS = 5;
const BATCH_SIZE = 10;
const REMAINING_MS = 30_000;

const noop = () => {};

async function start({ databaseUrl, pspUrl }: SystemStart): Promise<SystemReady> {
  const database = openDatabase(databaseUrl, CONNECTIONS);
  const queue = new MemoryQueue();
  const psp = createPspSimulator({ url: pspUrl, apiKey: 'bench' });
  const consumed = new Set<string>();
  const effects: ExecutorEffects = {
    database,
    consumed: {
      find: async (keys) => new Set(keys.filter((key) => consumed.has(key))),
      record: async (keys) => {
        for (const key of keys) consumed.add(key);
        return new Set();
      },
    },
    psps: new Map([[psp.name, psp]]),
    visibility: { change: async () => {} },
    deadLetters: { send: async () => new Set() },
    time: systemTime,
    ids: systemIds,
    restoreEpoch: '1',
    log: { orderChanged: noop, warn: (message, detail) => console.error(message, detail) },
    meter: unmetered,
  };
  for (let executor = 0; executor < EXECUTORS; executor += 1) void work(queue, effects);
  const served = await serveAccept(database, async (request, merchantId, key) => {
    const { answer } = await acceptPayment(
      request,
      { merchantId, idempotencyKey: key, correlationId: key },
      {
        database,
        queue,
        activity: alwaysActive,
        ids: systemIds,
        amountCaps: {},
        now: Date.now,
        sendFailed: noop,
      },
    );
    return answer;
  });
  return { ...served, databaseUrl };
}

async function work(queue: MemoryQueue, effects: ExecutorEffects): Promise<void> {
  for (;;) {
    const messages = await queue.take(BATCH_SIZE);
    const failed = await executeBatch(messages.map(recordOf), effects, {
      claimToken: systemIds.next('clm'),
      remainingMilliseconds: () => REMAINING_MS,
    });
    const again = new Set(failed);
    await queue.send(messages.filter((message) => again.has(message.instructionId)));
  }
}

function recordOf(message: InstructionMessage) {
  return {
    messageId: message.instructionId,
    receiptHandle: message.instructionId,
    body: instructionMessageBody(message),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
      MessageGroupId: message.paymentOrderId,
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: '',
    awsRegion: '',
  };
}

class MemoryQueue {
  private messages: InstructionMessage[] = [];
  private readonly waiting: (() => void)[] = [];

  async send(messages: readonly InstructionMessage[]): Promise<readonly string[]> {
    this.messages.push(...messages);
    if (messages.length > 0) this.waiting.shift()?.();
    return [];
  }

  async take(max: number): Promise<readonly InstructionMessage[]> {
    while (this.messages.length === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    const taken = this.messages.slice(0, max);
    this.messages = this.messages.slice(max);
    return taken;
  }
}

await runSystem(start);
