/**
 * Our handlers' own code on a direct PostgreSQL adapter. SQS and DynamoDB are other machines in production; here a list
 * and a set in memory stand for them.
 */
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import type { InstructionMessage } from '../../../adapters/sqs/instruction-queue.ts';
import { acceptPayment } from '../../../lambdas/accept-payment/accept.ts';
import type { ExecutorEffects } from '../../../lambdas/execute-instructions/effects.ts';
import { executeMessages, executorInMemory } from '../../executor-in-memory.ts';
import { serveAccept } from '../http-accept.ts';
import { openDatabase } from '../open-database.ts';
import type { SystemReady, SystemStart } from '../system.ts';
import { runSystem } from '../system-process.ts';

const CONNECTIONS = 16;
/** Concurrent batches: enough to overlap the PSP's answer with the database's, few enough that batches fill. */
const EXECUTORS = 5;
const BATCH_SIZE = 10;

const noop = () => {};

async function start({ databaseUrl, pspUrl }: SystemStart): Promise<SystemReady> {
  const database = openDatabase(databaseUrl, CONNECTIONS);
  const queue = new MemoryQueue();
  const psp = createPspSimulator({ url: pspUrl, apiKey: 'bench' });
  const effects = executorInMemory(database, psp);
  for (let executor = 0; executor < EXECUTORS; executor += 1) void work(queue, effects);
  const served = await serveAccept(database, async (request, merchantId, key) => {
    const { answer } = await acceptPayment(
      request,
      { merchantId, idempotencyKey: key, correlationId: key, apiUrl: 'https://api.example/v1' },
      {
        database,
        queue,
        activity: alwaysActive,
        ids: systemIds,
        amountCaps: {},
        abilities: new Map([[psp.account, psp.abilities]]),
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
    const again = new Set(await executeMessages(messages, effects));
    await queue.send(messages.filter((message) => again.has(message.instructionId)));
  }
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
