import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandInput,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { VirtualClock } from '../../local/clock.ts';
import type { ServiceRequest } from '../../local/service-request.ts';
import { type RunningSqs, startSqs } from '../../local/sqs/start-sqs.ts';

/** The local SQS behind the unmodified SDK; its time stands still unless a test moves it. */
export class LocalSqs {
  readonly clock: VirtualClock;
  readonly requests: ServiceRequest[];
  readonly client: SQSClient;
  readonly url: string;
  private readonly service: RunningSqs;
  private readonly directory: string;
  private made = 0;

  static async start(): Promise<LocalSqs> {
    const directory = mkdtempSync(join(tmpdir(), 'oncepay-sqs-'));
    const clock = new VirtualClock(1_700_000_000_000);
    const requests: ServiceRequest[] = [];
    const service = await startSqs({
      port: 0,
      directory,
      clock,
      accountId: '000000000000',
      region: 'us-east-1',
      observer: (request) => requests.push(request),
    });
    return new LocalSqs(service, directory, clock, requests);
  }

  private constructor(
    service: RunningSqs,
    directory: string,
    clock: VirtualClock,
    requests: ServiceRequest[],
  ) {
    this.service = service;
    this.directory = directory;
    this.clock = clock;
    this.requests = requests;
    this.url = service.url;
    this.client = this.newClient();
  }

  newClient(): SQSClient {
    return new SQSClient({
      endpoint: this.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'SomeFunction', secretAccessKey: 'x' },
      maxAttempts: 1,
    });
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.service.close();
    rmSync(this.directory, { recursive: true });
  }

  /** A name that no other queue has. */
  newName(prefix = 'queue'): string {
    this.made += 1;
    return `${prefix}-${this.made}.fifo`;
  }

  /** A FIFO queue of high throughput unless the attributes say otherwise. */
  async create(attributes: Record<string, string> = {}, name = this.newName()): Promise<string> {
    const { QueueUrl } = await this.client.send(
      new CreateQueueCommand({
        QueueName: name,
        Attributes: {
          FifoQueue: 'true',
          DeduplicationScope: 'messageGroup',
          FifoThroughputLimit: 'perMessageGroupId',
          ...attributes,
        },
      }),
    );
    return QueueUrl ?? '';
  }

  /** A queue with a visibility of 30 s, whose messages move to the dead-letter queue after three receives. */
  async createWithDeadLetters(): Promise<{ readonly queue: string; readonly deadLetters: string }> {
    const deadLetters = await this.create({}, this.newName('dead'));
    const queue = await this.create({
      VisibilityTimeout: '30',
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: await this.arnOf(deadLetters),
        maxReceiveCount: 3,
      }),
    });
    return { queue, deadLetters };
  }

  async attributesOf(url: string): Promise<Partial<Record<string, string>>> {
    const { Attributes = {} } = await this.client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    );
    return Attributes;
  }

  async arnOf(url: string): Promise<string> {
    return (await this.attributesOf(url)).QueueArn ?? '';
  }

  setAttributes(url: string, attributes: Record<string, string>) {
    return this.client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributes }));
  }

  /** @param id for deduplication; one of its own where none is given */
  send(url: string, group: string, id?: string, more: Partial<SendMessageCommandInput> = {}) {
    this.made += 1;
    return this.client.send(
      new SendMessageCommand({
        QueueUrl: url,
        MessageBody: `body-${this.made}`,
        MessageGroupId: group,
        MessageDeduplicationId: id ?? `id-${this.made}`,
        ...more,
      }),
    );
  }

  async receive(url: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<readonly Message[]> {
    const { Messages = [] } = await this.client.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
        ...more,
      }),
    );
    return Messages;
  }

  delete(url: string, message: Message | undefined) {
    return this.client.send(
      new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle }),
    );
  }

  changeVisibility(url: string, message: Message | undefined, seconds: number) {
    return this.client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout: seconds,
      }),
    );
  }

  /** Receives the message so often that its next receive moves it to the dead-letter queue, which it then does. */
  async moveToDeadLetters(url: string, receives = 3): Promise<void> {
    for (let received = 0; received <= receives; received += 1) {
      await this.receive(url);
      this.clock.advance(30_000);
    }
  }
}
