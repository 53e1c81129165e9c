import type { SQSRecord } from 'aws-lambda';
import { unmetered } from '../../../adapters/metrics/meter.ts';
import { TIMING } from '../../../domain/payment/timing.ts';
import type { ExecutorEffects, Invocation } from '../../../lambdas/execute-instructions/effects.ts';
import { executeBatch } from '../../../lambdas/execute-instructions/execute-batch.ts';
import type { Received } from '../../../local/sqs/engine/message.ts';
import type { ConsumedCheck } from '../checks/consumed-check.ts';
import type { Context } from '../context.ts';
import type { Process } from '../scheduler.ts';
import { nameOf, recordOf } from '../services/instruction-queue.ts';
import type { Services } from '../services/services.ts';
import { simulatedTime } from '../services/simulated-time.ts';

/** Lambda's limit on the messages of one invocation. */
const BATCH_SIZE = 10;
/** What a dying worker had sent to the database arrives so much later at the most. */
const LATEST_STATEMENT_MS = 120_000;

/** The executor behind its event source mapping. */
export class ExecuteFunction {
  running = 0;
  private readonly context: Context;
  private readonly services: Services;
  private readonly consumedCheck: ConsumedCheck;
  private readonly redeliversAtOnce: boolean;

  constructor(context: Context, services: Services, consumedCheck: ConsumedCheck, redeliversAtOnce: boolean) {
    this.context = context;
    this.services = services;
    this.consumedCheck = consumedCheck;
    this.redeliversAtOnce = redeliversAtOnce;
  }

  /**
   * Lambda's poller: a batch to a worker of its own, perhaps to two, and rarely to ten.
   *
   * @returns whether there was anything to deliver
   */
  deliver(): boolean {
    const batch = this.services.queues.main.receive(BATCH_SIZE);
    if (batch.length === 0) return false;
    const records = batch.map(recordOf);
    void this.invoke(batch, records);
    const { faults, scheduler } = this.context;
    if (!faults.strikes('duplicate delivery', 2)) return true;
    const duplicates = scheduler.random.chance(0.1) ? 1 + scheduler.random.below(9) : 1;
    for (let duplicate = 0; duplicate < duplicates; duplicate += 1) void this.invoke([], records);
    return true;
  }

  /** @param batch what this invocation may acknowledge; nothing of it where it is a duplicate */
  private async invoke(batch: readonly Received[], records: readonly SQSRecord[]): Promise<void> {
    const { scheduler, faults, planted, processes } = this.context;
    const { instructionQueue } = this.services;
    const process = processes.start('execute');
    const deadline = scheduler.clock.now() + TIMING.functionTimeoutSeconds * 1000;
    scheduler.tell(`${process.name} takes ${records.map(({ body }) => nameOf(body)).join(', ')}`);
    const finish = this.begin(process, batch);
    const effects = planted.effects(this.effectsFor(process), process);
    const invocation: Invocation = {
      claimToken: `clm_${process.name}`,
      remainingMilliseconds: () => deadline - scheduler.clock.now(),
    };
    planted.beforeBatch(() => instructionQueue.acknowledge(batch, new Set()));
    try {
      const failed = await executeBatch(records, effects, invocation);
      await faults.around(scheduler, process, 'execute.return', () =>
        instructionQueue.acknowledge(batch, new Set(failed)),
      );
    } catch {
      // The invocation failed: every message comes again when its visibility ends.
    }
    finish();
  }

  /** @returns what ends the invocation in its time; without it, it is killed at its time-out */
  private begin(process: Process, batch: readonly Received[]): () => void {
    const { scheduler, processes } = this.context;
    let isDone = false;
    this.running += 1;
    const cancel = scheduler.clock.after(TIMING.functionTimeoutSeconds * 1000, () =>
      scheduler.kill(process, 'its time is up', this.lateStatement),
    );
    scheduler.whenEnded(process, () => {
      this.running -= 1;
      if (isDone || !this.redeliversAtOnce) return;
      for (const { receiptHandle } of batch) this.services.instructionQueue.hide(receiptHandle, 0);
    });
    this.consumedCheck.begin(process, this.services.consumed.keys);
    return () => {
      isDone = true;
      cancel();
      processes.end(process);
    };
  }

  /** What a dying process had sent to the database may arrive long after; its answer goes nowhere. */
  private readonly lateStatement = (happen: () => Promise<void>): void => {
    const { faults, scheduler } = this.context;
    if (!faults.strikes('late statement', 8)) return;
    scheduler.clock.after(scheduler.random.below(LATEST_STATEMENT_MS), () =>
      scheduler.enqueue('late.database.', happen),
    );
  };

  private effectsFor(process: Process): ExecutorEffects {
    const { database, consumed, psps, instructionQueue, deadLetterQueue } = this.services;
    return {
      database: database.for(process),
      consumed: consumed.for(process),
      psps: new Map(psps.map((psp) => [psp.name, psp.for(process)])),
      visibility: instructionQueue.visibilityFor(process),
      deadLetters: deadLetterQueue.senderFor(process),
      time: simulatedTime(this.context, process),
      ids: this.context.ids,
      restoreEpoch: '1',
      log: { orderChanged: () => {}, warn: () => {} },
      meter: unmetered,
    };
  }
}
