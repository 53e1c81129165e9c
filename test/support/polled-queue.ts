import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { VirtualClock } from '../../local/clock.ts';
import { SqsEventSource } from '../../local/event-source/sqs-event-source.ts';
import { type RunningSqs, startSqs } from '../../local/sqs/start-sqs.ts';
import type { EventSourceResource } from '../../local/template/resources.ts';
import { TinyFunction, type TinyFunctionOptions } from './tiny-function.ts';

const VISIBILITY_SECONDS = 30;
/** Long enough for a round trip of the poller, too short for anything to come again. */
const A_MOMENT_MS = 50;
const QUEUE = 'orders.fifo';

export type PolledQueueOptions = TinyFunctionOptions;

/** A queue of the local SQS and a function that is given its messages; time stands still unless a test moves it. */
export class PolledQueue {
  readonly source: SqsEventSource;
  readonly clock: VirtualClock;
  private readonly sqs: RunningSqs;
  private readonly client: SQSClient;
  private readonly worker: TinyFunction;
  private readonly directory: string;
  private readonly watchers: (() => void)[] = [];

  static async start(
    handler: string,
    resource: Partial<EventSourceResource> = {},
    options: PolledQueueOptions = {},
  ): Promise<PolledQueue> {
    const directory = mkdtempSync(join(tmpdir(), 'oncepay-event-source-'));
    const clock = new VirtualClock(1_700_000_000_000);
    const sqs = await startSqs({ port: 0, directory, clock, accountId: '000000000000', region: 'us-east-1' });
    return new PolledQueue(sqs, clock, directory, handler, resource, options);
  }

  private constructor(
    sqs: RunningSqs,
    clock: VirtualClock,
    directory: string,
    handler: string,
    resource: Partial<EventSourceResource>,
    options: PolledQueueOptions,
  ) {
    this.sqs = sqs;
    this.clock = clock;
    this.directory = directory;
    this.client = new SQSClient({
      endpoint: sqs.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'Sender', secretAccessKey: 'x' },
      maxAttempts: 1,
    });
    const queue = sqs.engine.createQueue(
      QUEUE,
      { FifoQueue: 'true', VisibilityTimeout: String(VISIBILITY_SECONDS) },
      {},
    );
    this.worker = new TinyFunction(handler, {
      ...options,
      observer: () => {
        for (const tell of this.watchers.splice(0)) tell();
      },
    });
    this.source = new SqsEventSource({
      resource: {
        queueArn: queue.arn,
        functionName: 'tiny',
        batchSize: 10,
        maxConcurrency: 2,
        reportsItemFailures: true,
        ...resource,
      },
      engine: sqs.engine,
      queue,
      host: this.worker.host,
      region: 'us-east-1',
      clock,
      observer: () => {},
      ...(options.processors === undefined ? {} : { processors: options.processors }),
    });
  }

  /** Bodies are the group's name and a number: `a1`; more may follow. */
  async send(...bodies: readonly string[]): Promise<void> {
    for (const body of bodies) {
      await this.client.send(
        new SendMessageCommand({
          QueueUrl: this.sqs.urlOf(QUEUE),
          MessageBody: body,
          MessageGroupId: body.slice(0, 1),
          MessageDeduplicationId: body.slice(0, 100),
          MessageAttributes: { Colour: { DataType: 'String', StringValue: 'red' } },
        }),
      );
    }
  }

  /** The poller's round trip passes. */
  async poll(): Promise<void> {
    // Turns of the event loop, in which whatever can go on without time and input does.
    await setImmediate();
    this.clock.advance(A_MOMENT_MS);
    await setImmediate();
  }

  /** One batch is taken, carried out in so many invocations, and what succeeded is deleted. */
  async deliver(invocations = 1): Promise<void> {
    const invoked = this.invoked(invocations);
    await this.poll();
    await invoked;
  }

  /** Resolves when the next invocation, or the last of so many, has ended and its outcome is dealt with. */
  async invoked(invocations = 1): Promise<void> {
    let left = invocations;
    await new Promise<void>((resolve) => {
      const watch = () => {
        left -= 1;
        if (left === 0) resolve();
        else this.watchers.push(watch);
      };
      this.watchers.push(watch);
    });
    await setImmediate();
  }

  /** How many messages are handed out and not deleted. */
  get inFlight(): number {
    return this.sqs.engine.queue(QUEUE).metrics().inFlight;
  }

  /** What comes again once the visibility of all that was handed out has ended; the poller takes no more. */
  async left(): Promise<readonly (string | undefined)[]> {
    this.source.close();
    this.clock.advance(VISIBILITY_SECONDS * 1000);
    const { Messages = [] } = await this.client.send(
      new ReceiveMessageCommand({ QueueUrl: this.sqs.urlOf(QUEUE), MaxNumberOfMessages: 10 }),
    );
    return Messages.map(({ Body }) => Body);
  }

  async close(): Promise<void> {
    this.source.close();
    await this.worker.close();
    this.client.destroy();
    await this.sqs.close();
    rmSync(this.directory, { recursive: true });
  }
}
