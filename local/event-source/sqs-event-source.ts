import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { FunctionHost } from '../lambda/function-host.ts';
import { ownProcessors, type Processors } from '../lambda/processors.ts';
import type { RequestObserver } from '../service-request.ts';
import { systemAttributesOf } from '../sqs/actions/receive-message.ts';
import type { FifoQueue } from '../sqs/engine/fifo-queue.ts';
import type { Received } from '../sqs/engine/message.ts';
import type { SqsEngine } from '../sqs/engine/sqs-engine.ts';
import { md5OfText } from '../sqs/md5.ts';
import type { EventSourceResource } from '../template/resources.ts';
import { inPayloads } from './payloads.ts';

export interface EventSourceOptions {
  readonly resource: EventSourceResource;
  readonly engine: SqsEngine;
  readonly queue: FifoQueue;
  readonly host: FunctionHost;
  readonly region: string;
  readonly clock: Clock;
  readonly observer: RequestObserver;
  /** This machine's by default. */
  readonly processors?: Processors;
}

const CALLER = 'event-source-mapping';
/** Lambda's pollers use long polls of this length. */
const POLL_MS = 20_000;
/**
 * A receive over AWS's network takes time in which messages accumulate: only a backlog fills batches. Without this delay,
 * local batches would be smaller than on AWS, and the figures per payment wrong.
 */
const ROUND_TRIP_MS = 30;
/**
 * While every CPU has a batch, a batch that isn't full waits for this many more round trips. While the CPUs are also busy,
 * any batch waits longer, since one more environment would not be faster. A hanging PSP delays others by no more than that.
 */
const WAITING_ROUND_TRIPS = 2;
const BUSY_ROUND_TRIPS = 8;

const reportSchema = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
});

/** A message and its record in the function's event. */
interface Delivery {
  readonly received: Received;
  readonly record: object;
}

/** Lambda's pollers of one FIFO queue: batches without a window, up to a maximum concurrency. */
export class SqsEventSource {
  private readonly options: EventSourceOptions;
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private freed = () => {};
  private isPaused = false;

  constructor(options: EventSourceOptions) {
    this.options = options;
  }

  start(): void {
    void this.poll();
  }

  /** For measurements: messages accumulate until it is resumed. */
  pause(paused: boolean): void {
    this.isPaused = paused;
    this.freed();
  }

  /** Receives no more. Batches in progress end, or are lost with their function. */
  close(): void {
    this.stopping.abort();
    this.freed();
  }

  private async poll(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      if (this.isPaused || this.running.size >= this.options.resource.maxConcurrency) {
        await new Promise<void>((resolve) => {
          this.freed = resolve;
        });
        continue;
      }
      await this.options.queue.whenReady(POLL_MS, signal);
      await this.roundTrip();
      for (let more = 0; this.gainsByWaiting(more); more += 1) await this.roundTrip();
      if (!signal.aborted && !this.isPaused) this.take();
    }
  }

  /** @param waited round trips */
  private gainsByWaiting(waited: number): boolean {
    const { queue, resource, processors = ownProcessors } = this.options;
    if (this.running.size < processors.count) return false;
    const isFull = queue.readyGroups >= resource.batchSize;
    return (!isFull && waited < WAITING_ROUND_TRIPS) || (waited < BUSY_ROUND_TRIPS && processors.areBusy());
  }

  private roundTrip(): Promise<void> {
    return new Promise((resolve) => {
      this.options.clock.after(ROUND_TRIP_MS, resolve);
    });
  }

  private take(): void {
    const { engine, queue, resource } = this.options;
    const batch = engine.store.transaction(() => queue.receive(resource.batchSize));
    this.count('ReceiveMessage');
    if (batch.length === 0) return;
    const work: Promise<void> = this.deliver(batch).finally(() => {
      this.running.delete(work);
      this.freed();
    });
    this.running.add(work);
  }

  /** In one call, or in several consecutive ones if the payload would be too large. */
  private async deliver(batch: readonly Received[]): Promise<void> {
    const stopped = new Set<string>();
    const deliveries = batch.map((received) => ({ received, record: this.record(received) }));
    for (const payload of inPayloads(deliveries, ({ record }) => record)) {
      // A group continues only after its messages have succeeded; the others are delivered again.
      const free = payload.filter(({ received }) => !stopped.has(received.message.groupId));
      if (free.length === 0) continue;
      const failed = await this.invoke(free);
      if (this.stopping.signal.aborted) return;
      const handed = free.map(({ received }) => received);
      const succeeded = handed.filter(({ message }) => !failed.has(message.id));
      if (succeeded.length > 0) this.delete(succeeded);
      for (const { message } of handed) if (failed.has(message.id)) stopped.add(message.groupId);
    }
  }

  /** @returns the ids of the messages to deliver again; all of them if the function failed or its report is invalid */
  private async invoke(deliveries: readonly Delivery[]): Promise<ReadonlySet<string>> {
    const all = new Set(deliveries.map(({ received }) => received.message.id));
    try {
      const result = await this.options.host.invoke(
        { Records: deliveries.map(({ record }) => record) },
        CALLER,
      );
      if (!this.options.resource.reportsItemFailures) return new Set();
      const report = reportSchema.nullable().parse(result);
      const failed = (report?.batchItemFailures ?? []).map((failure) => failure.itemIdentifier);
      return failed.every((id) => all.has(id)) ? new Set(failed) : all;
    } catch {
      return all;
    }
  }

  private delete(succeeded: readonly Received[]): void {
    const { engine, queue } = this.options;
    engine.store.transaction(() => {
      for (const { receiptHandle } of succeeded) {
        try {
          queue.delete(receiptHandle);
        } catch {
          // Its visibility ended while the function ran: it is delivered again, as on AWS.
        }
      }
    });
    this.count('DeleteMessageBatch');
  }

  private count(action: string): void {
    this.options.observer({ service: 'sqs', action, caller: CALLER });
  }

  private record(received: Received): object {
    const { message, receiptHandle } = received;
    const attributes = Object.entries(message.attributes).map(([name, attribute]) => [
      name,
      {
        dataType: attribute.DataType,
        stringValue: attribute.StringValue,
        binaryValue: attribute.BinaryValue,
        stringListValues: [],
        binaryListValues: [],
      },
    ]);
    return {
      messageId: message.id,
      receiptHandle,
      body: message.body,
      attributes: systemAttributesOf(received),
      messageAttributes: Object.fromEntries(attributes),
      md5OfBody: md5OfText(message.body),
      eventSource: 'aws:sqs',
      eventSourceARN: this.options.queue.arn,
      awsRegion: this.options.region,
    };
  }
}
