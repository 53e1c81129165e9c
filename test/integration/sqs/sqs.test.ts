import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AddPermissionCommand,
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  type Message,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../local/clock.ts';
import type { ServiceRequest } from '../../../local/service-request.ts';
import { type RunningSqs, startSqs } from '../../../local/sqs/start-sqs.ts';

const directory = mkdtempSync(join(tmpdir(), 'oncepay-sqs-'));
const clock = new VirtualClock(1_700_000_000_000);
const requests: ServiceRequest[] = [];
const MINUTE = 60_000;
let service: RunningSqs;
let sqs: SQSClient;
let queue: string;
let deadLetters: string;
let queues = 0;

beforeAll(async () => {
  service = await startSqs({
    port: 0,
    directory,
    clock,
    accountId: '000000000000',
    region: 'us-east-1',
    observer: (request) => requests.push(request),
  });
  sqs = new SQSClient({
    endpoint: service.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'SomeFunction', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  sqs.destroy();
  await service.close();
  rmSync(directory, { recursive: true });
});

/** Each test has a queue and its dead-letter queue to itself. */
beforeEach(async () => {
  queues += 1;
  deadLetters = await create(`dead-${queues}.fifo`);
  queue = await create(`queue-${queues}.fifo`, {
    VisibilityTimeout: '30',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await arnOf(deadLetters), maxReceiveCount: 3 }),
  });
});

async function create(name: string, attributes: Record<string, string> = {}): Promise<string> {
  const { QueueUrl } = await sqs.send(
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

async function arnOf(url: string): Promise<string> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  );
  return Attributes?.QueueArn ?? '';
}

let bodies = 0;
function send(group: string, id?: string, url = queue, body?: string) {
  bodies += 1;
  return sqs.send(
    new SendMessageCommand({
      QueueUrl: url,
      MessageBody: body ?? `body-${bodies}`,
      MessageGroupId: group,
      MessageDeduplicationId: id ?? `id-${bodies}`,
    }),
  );
}

async function receive(max = 10, url = queue, visibilitySeconds?: number): Promise<readonly Message[]> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: max,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
      ...(visibilitySeconds === undefined ? {} : { VisibilityTimeout: visibilitySeconds }),
    }),
  );
  return Messages ?? [];
}

const groupsOf = (messages: readonly Message[]) =>
  messages.map((message) => message.Attributes?.MessageGroupId);

function remove(message: Message | undefined, url = queue) {
  return sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle }));
}

function hide(message: Message | undefined, seconds: number) {
  return sqs.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: queue,
      ReceiptHandle: message?.ReceiptHandle,
      VisibilityTimeout: seconds,
    }),
  );
}

describe('deduplication', () => {
  test('answers a repeat within five minutes as the first, and drops it, also after it was received and deleted', async () => {
    const first = await send('a', 'same');
    await remove((await receive())[0]);
    clock.advance(5 * MINUTE - 1);

    const repeat = await send('a', 'same');

    expect(repeat.MessageId).toBe(first.MessageId);
    expect(repeat.SequenceNumber).toBe(first.SequenceNumber);
    expect(await receive()).toEqual([]);
  });

  test('ends after five minutes', async () => {
    await send('a', 'same');
    await remove((await receive())[0]);
    clock.advance(5 * MINUTE);
    await send('a', 'same');
    expect(await receive()).toHaveLength(1);
  });

  test('counts per group where the queue says so, and per queue where it doesn’t', async () => {
    await send('a', 'same');
    await send('b', 'same');
    expect(await receive()).toHaveLength(2);

    const perQueue = await create(`per-queue-${queues}.fifo`, {
      DeduplicationScope: 'queue',
      FifoThroughputLimit: 'perQueue',
    });
    await send('a', 'same', perQueue);
    await send('b', 'same', perQueue);
    expect(await receive(10, perQueue)).toHaveLength(1);
  });

  test('goes by content where the queue says so', async () => {
    const url = await create(`content-${queues}.fifo`, { ContentBasedDeduplication: 'true' });
    for (const body of ['x', 'x', 'y']) {
      await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, MessageGroupId: 'a' }));
    }
    expect((await receive(10, url)).map((message) => message.Body)).toEqual(['x', 'y']);
  });
});

describe('a group', () => {
  test('is handed out in order, several at once, and several groups at once', async () => {
    await send('a', 'a1');
    await send('b', 'b1');
    await send('a', 'a2');
    const received = await receive();
    expect(groupsOf(received)).toEqual(['a', 'a', 'b']);
    expect(received.map((message) => message.Attributes?.MessageDeduplicationId)).toEqual(['a1', 'a2', 'b1']);
  });

  test('gives nothing more while some of it is in flight', async () => {
    await send('a');
    await send('a');
    const [first] = await receive(1);
    expect(await receive()).toEqual([]);
    await remove(first);
    expect(await receive()).toHaveLength(1);
  });

  test('is handed out up to its first invisible message', async () => {
    for (let sent = 0; sent < 3; sent += 1) await send('a');
    const [first, second] = await receive(2);
    await hide(second, 300);
    await hide(first, 0);
    expect((await receive()).map((message) => message.MessageId)).toEqual([first?.MessageId]);
  });

  test('delays nobody else', async () => {
    await send('a');
    await receive();
    await send('b');
    expect(groupsOf(await receive())).toEqual(['b']);
  });
});

describe('visibility', () => {
  test('ends after the queue’s time-out, and a receive counts whatever came of it', async () => {
    await send('a');
    await receive();
    clock.advance(29_999);
    expect(await receive()).toEqual([]);
    clock.advance(1);
    expect((await receive())[0]?.Attributes?.ApproximateReceiveCount).toBe('2');
  });

  test('is counted anew from a change', async () => {
    await send('a');
    const [message] = await receive();
    clock.advance(20_000);
    await hide(message, 20);
    clock.advance(19_999);
    expect(await receive()).toEqual([]);
    clock.advance(1);
    expect(await receive()).toHaveLength(1);
  });

  test('of zero gives the message back at once', async () => {
    await send('a');
    await hide((await receive())[0], 0);
    expect(await receive()).toHaveLength(1);
  });

  test('ends at twelve hours in all, and is at most that', async () => {
    await send('a');
    const [message] = await receive();
    clock.advance(10_000);
    await expect(hide(message, 43_200)).rejects.toThrow('beyond the limit [43200 seconds]');
    await expect(hide(message, 43_201)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await hide(message, 43_190);
  });

  test('of a message that is visible can’t be changed', async () => {
    await send('a');
    const [message] = await receive();
    clock.advance(30_000);
    await expect(hide(message, 5)).rejects.toMatchObject({ name: 'MessageNotInflight' });
  });

  test('that has ended makes its receipt handle worthless', async () => {
    await send('a');
    const [message] = await receive();
    clock.advance(30_000);
    await expect(remove(message)).rejects.toThrow('The receipt handle has expired');
    expect(await receive()).toHaveLength(1);
  });

  test('is changed for head and followers in one batch', async () => {
    await send('a');
    await send('a');
    const messages = await receive();
    await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queue,
        Entries: messages.map((message, index) => ({
          Id: String(index),
          ReceiptHandle: message.ReceiptHandle,
          VisibilityTimeout: 60,
        })),
      }),
    );
    clock.advance(59_000);
    expect(await receive()).toEqual([]);
    clock.advance(1_000);
    expect(await receive()).toHaveLength(2);
  });
});

describe('a delete', () => {
  test('of what is deleted already succeeds, and of nonsense doesn’t', async () => {
    await send('a');
    const [message] = await receive();
    await remove(message);
    await remove(message);
    await expect(remove({ ReceiptHandle: 'nonsense' })).rejects.toMatchObject({
      name: 'ReceiptHandleIsInvalid',
    });
  });
});

describe('the dead-letter queue', () => {
  async function wearOut(): Promise<Message | undefined> {
    let last: Message | undefined;
    for (let received = 0; received < 3; received += 1) {
      [last] = await receive();
      clock.advance(30_000);
    }
    return last;
  }

  test('gets a message on the receive that would exceed the count, under its message id, with its time anew', async () => {
    const sent = await send('a', 'id');
    const sentAt = clock.now();
    const last = await wearOut();
    expect(last?.Attributes?.ApproximateReceiveCount).toBe('3');
    expect(await receive(10, deadLetters)).toEqual([]);

    expect(await receive()).toEqual([]);

    const [dead] = await receive(10, deadLetters);
    expect(dead?.Body).toBe(last?.Body);
    expect(dead?.Attributes).toMatchObject({
      MessageGroupId: 'a',
      MessageDeduplicationId: sent.MessageId,
      DeadLetterQueueSourceArn: await arnOf(queue),
    });
    expect(Number(dead?.Attributes?.SentTimestamp)).toBeGreaterThan(sentAt);
  });

  test('frees what stands behind the dead one in its group', async () => {
    await send('a', 'first');
    await wearOut();
    await send('a', 'second');
    expect((await receive()).map((message) => message.Attributes?.MessageDeduplicationId)).toEqual([
      'second',
    ]);
  });

  test('must be there, and knows its sources', async () => {
    const policy = JSON.stringify({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:nobody.fifo',
      maxReceiveCount: 3,
    });
    await expect(create(`orphan-${queues}.fifo`, { RedrivePolicy: policy })).rejects.toThrow(
      'Dead letter target does not exist',
    );
    const { queueUrls } = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadLetters }));
    expect(queueUrls).toEqual([queue]);
  });
});

describe('a message move task', () => {
  const start = async (destination?: string, rate?: number) =>
    sqs.send(
      new StartMessageMoveTaskCommand({
        SourceArn: await arnOf(deadLetters),
        ...(destination === undefined ? {} : { DestinationArn: destination }),
        ...(rate === undefined ? {} : { MaxNumberOfMessagesPerSecond: rate }),
      }),
    );
  const newest = async () => {
    const { Results } = await sqs.send(
      new ListMessageMoveTasksCommand({ SourceArn: await arnOf(deadLetters) }),
    );
    return Results?.[0];
  };

  test('moves to the named queue at its rate, as new messages', async () => {
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, index) => send(`g${index}`, undefined, deadLetters)),
    );
    await start(await arnOf(queue), 5);
    clock.advance(1_000);
    expect(await newest()).toMatchObject({
      Status: 'RUNNING',
      ApproximateNumberOfMessagesMoved: 5,
      ApproximateNumberOfMessagesToMove: 10,
    });
    clock.advance(2_000);
    const finished = await newest();
    expect(finished).toMatchObject({ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 10 });
    expect(finished?.TaskHandle).toBeUndefined();
    const moved = await receive();
    expect(moved).toHaveLength(10);
    expect(
      moved.map((message) => message.MessageId).filter((id) => ids.some((sent) => sent.MessageId === id)),
    ).toEqual([]);
  });

  test('is one at a time, and can be cancelled', async () => {
    for (let sent = 0; sent < 5; sent += 1) await send(`g${sent}`, undefined, deadLetters);
    const { TaskHandle } = await start(await arnOf(queue), 1);
    await expect(start(await arnOf(queue))).rejects.toMatchObject({ name: 'UnsupportedOperation' });
    clock.advance(1_000);
    const { ApproximateNumberOfMessagesMoved } = await sqs.send(
      new CancelMessageMoveTaskCommand({ TaskHandle }),
    );
    expect(ApproximateNumberOfMessagesMoved).toBe(1);
    clock.advance(1_000);
    expect((await newest())?.Status).toBe('CANCELLED');
    await start(await arnOf(queue));
  });

  test('without a destination goes back to the source, and fails for what was sent there', async () => {
    await send('a', 'id');
    for (let received = 0; received < 4; received += 1) {
      await receive();
      clock.advance(30_000);
    }
    await start();
    clock.advance(1_000);
    expect(await receive()).toHaveLength(1);

    await send('b', undefined, deadLetters);
    await start();
    clock.advance(1_000);
    expect(await newest()).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'CouldNotDetermineMessageSource',
    });
    expect(await receive(10, deadLetters)).toHaveLength(1);
  });

  test('takes a dead-letter queue as its source, and nothing else', async () => {
    const command = new StartMessageMoveTaskCommand({ SourceArn: await arnOf(queue) });
    await expect(sqs.send(command)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });
});

describe('what is refused', () => {
  const base = { MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  test.each([
    ['a group id of 129 characters', { MessageGroupId: 'g'.repeat(129) }, 'MessageGroupId'],
    ['a deduplication id with a space', { MessageDeduplicationId: 'a b' }, 'MessageDeduplicationId'],
    ['no group', { MessageGroupId: undefined }, 'MessageGroupId'],
    ['no deduplication id', { MessageDeduplicationId: undefined }, 'ContentBasedDeduplication'],
    ['a delay', { DelaySeconds: 5 }, 'DelaySeconds'],
    ['more than 1 MiB', { MessageBody: 'x'.repeat(1024 * 1024 + 1) }, 'shorter than 1048576 bytes'],
    ['a control character', { MessageBody: 'a\u0001' }, 'Invalid characters'],
    [
      'an empty attribute',
      { MessageAttributes: { a: { DataType: 'String', StringValue: '' } } },
      'non-empty',
    ],
  ])('a message with %s', async (_what, change, message) => {
    await expect(sqs.send(new SendMessageCommand({ QueueUrl: queue, ...base, ...change }))).rejects.toThrow(
      message,
    );
  });

  const entry = (id: string) => ({
    Id: id,
    MessageBody: 'x',
    MessageGroupId: 'g',
    MessageDeduplicationId: id,
  });
  test.each([
    [
      'eleven entries',
      Array.from({ length: 11 }, (_, index) => entry(String(index))),
      'TooManyEntriesInBatchRequest',
    ],
    ['none', [], 'EmptyBatchRequest'],
    ['one id twice', [entry('a'), entry('a')], 'BatchEntryIdsNotDistinct'],
    ['a bad id', [entry('a b')], 'InvalidBatchEntryId'],
    [
      'more than 1 MiB',
      ['a', 'b'].map((id) => ({ ...entry(id), MessageBody: 'x'.repeat(600_000) })),
      'BatchRequestTooLong',
    ],
  ])('a batch with %s', async (_what, Entries, name) => {
    await expect(sqs.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries }))).rejects.toMatchObject({
      name,
    });
  });

  test('one entry is told beside those that went, in a 200', async () => {
    const { Successful, Failed } = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queue,
        Entries: [entry('good'), { ...entry('bad'), MessageGroupId: '' }],
      }),
    );
    expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(Failed).toEqual([
      expect.objectContaining({ Id: 'bad', SenderFault: true, Code: 'InvalidParameterValue' }),
    ]);
    const removed = await sqs.send(
      new DeleteMessageBatchCommand({ QueueUrl: queue, Entries: [{ Id: 'x', ReceiptHandle: 'nonsense' }] }),
    );
    expect(removed.Failed?.[0]).toMatchObject({ Id: 'x', Code: 'ReceiptHandleIsInvalid' });
  });

  test('a queue that isn’t there, by the SDK’s own error', async () => {
    await expect(send('a', undefined, `${queue}x`)).rejects.toBeInstanceOf(QueueDoesNotExist);
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'nobody.fifo' }))).rejects.toBeInstanceOf(
      QueueDoesNotExist,
    );
  });

  test('a standard queue, an unknown attribute, other attributes under a taken name', async () => {
    await expect(sqs.send(new CreateQueueCommand({ QueueName: 'standard' }))).rejects.toThrow(
      'Only FIFO queues',
    );
    await expect(create(`x-${queues}.fifo`, { Colour: 'red' })).rejects.toMatchObject({
      name: 'InvalidAttributeName',
    });
    await expect(create(`queue-${queues}.fifo`, { VisibilityTimeout: '31' })).rejects.toMatchObject({
      name: 'QueueNameExists',
    });
  });

  test('an action that isn’t done here, by its name; and what is no request at all', async () => {
    const command = new AddPermissionCommand({
      QueueUrl: queue,
      Label: 'x',
      AWSAccountIds: ['1'],
      Actions: ['*'],
    });
    await expect(sqs.send(command)).rejects.toThrow('AddPermission');
    expect((await fetch(service.url)).status).toBe(400);
    const broken = await fetch(service.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: '{',
    });
    expect(await broken.json()).toMatchObject({ __type: 'com.amazonaws.sqs#SerializationException' });
  });
});

describe('queues', () => {
  test('are made and deleted by clients, and made twice alike is once', async () => {
    const url = await create(`mine-${queues}.fifo`);
    expect(await create(`mine-${queues}.fifo`)).toBe(url);
    await send('a', undefined, url);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    await expect(receive(1, url)).rejects.toBeInstanceOf(QueueDoesNotExist);
  });

  test('tell what is visible and what is in flight', async () => {
    await send('a');
    await send('b');
    await receive(1);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '1',
      FifoQueue: 'true',
      VisibilityTimeout: '30',
    });
  });

  test('drop messages past their retention', async () => {
    const url = await create(`short-${queues}.fifo`, { MessageRetentionPeriod: '60' });
    await send('a', undefined, url);
    clock.advance(2 * MINUTE);
    expect(await receive(1, url)).toEqual([]);
  });
});

test('attributes arrive with their checksums, which the SDK verifies', async () => {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queue,
      MessageBody: 'x',
      MessageGroupId: 'g',
      MessageDeduplicationId: 'd',
      MessageAttributes: {
        reason: { DataType: 'String', StringValue: 'ünï' },
        count: { DataType: 'Number', StringValue: '7' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
      },
    }),
  );
  const [message] = await receive();
  expect(message?.MessageAttributes?.reason?.StringValue).toBe('ünï');
  expect(message?.MessageAttributes?.bytes?.BinaryValue).toEqual(new Uint8Array([0, 255]));
});

test('a long poll ends when a message comes', async () => {
  const polling = sqs.send(new ReceiveMessageCommand({ QueueUrl: queue, WaitTimeSeconds: 20 }));
  await expect.poll(() => requests.length).toBeGreaterThan(0);
  await send('a');
  expect((await polling).Messages).toHaveLength(1);
});

test('every request is counted with its caller', async () => {
  requests.length = 0;
  await send('a');
  await expect
    .poll(() => requests)
    .toEqual([{ service: 'sqs', action: 'SendMessage', caller: 'SomeFunction' }]);
});
