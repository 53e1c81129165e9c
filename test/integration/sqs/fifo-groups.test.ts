import { ChangeMessageVisibilityBatchCommand, type Message } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LocalSqs } from '../../support/local-sqs.ts';

let sqs: LocalSqs;
let queue: string;

beforeAll(async () => {
  sqs = await LocalSqs.start();
});
afterAll(() => sqs.close());
beforeEach(async () => {
  queue = await sqs.create();
});

const MINUTE = 60_000;
const groupsOf = (messages: readonly Message[]) =>
  messages.map((message) => message.Attributes?.MessageGroupId);

describe('deduplication', () => {
  test('answers a repeat within five minutes as the first, and drops it, also after it was received and deleted', async () => {
    const first = await sqs.send(queue, 'a', 'same');
    await sqs.delete(queue, (await sqs.receive(queue))[0]);
    sqs.clock.advance(5 * MINUTE - 1);

    const repeat = await sqs.send(queue, 'a', 'same');

    expect(repeat.MessageId).toBe(first.MessageId);
    expect(repeat.SequenceNumber).toBe(first.SequenceNumber);
    expect(await sqs.receive(queue)).toEqual([]);
  });

  test('ends after five minutes', async () => {
    await sqs.send(queue, 'a', 'same');
    await sqs.delete(queue, (await sqs.receive(queue))[0]);
    sqs.clock.advance(5 * MINUTE);
    await sqs.send(queue, 'a', 'same');

    expect(await sqs.receive(queue)).toHaveLength(1);
  });

  test('counts per group where the queue says so', async () => {
    await sqs.send(queue, 'a', 'same');
    await sqs.send(queue, 'b', 'same');

    expect(await sqs.receive(queue)).toHaveLength(2);
  });

  test('counts per queue where it doesn’t', async () => {
    const perQueue = await sqs.create({ DeduplicationScope: 'queue', FifoThroughputLimit: 'perQueue' });
    await sqs.send(perQueue, 'a', 'same');
    await sqs.send(perQueue, 'b', 'same');

    expect(await sqs.receive(perQueue)).toHaveLength(1);
  });

  test('goes on as the queue was created, whatever its scope is changed to', async () => {
    const perQueue = await sqs.create({ DeduplicationScope: 'queue', FifoThroughputLimit: 'perQueue' });
    await sqs.setAttributes(perQueue, {
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    await sqs.send(perQueue, 'a', 'same');
    await sqs.send(perQueue, 'b', 'same');

    expect(await sqs.attributesOf(perQueue)).toMatchObject({ DeduplicationScope: 'messageGroup' });
    expect(await sqs.receive(perQueue)).toHaveLength(1);
  });

  test('goes by content where the queue says so', async () => {
    const url = await sqs.create({ ContentBasedDeduplication: 'true' });
    for (const MessageBody of ['x', 'x', 'y'])
      await sqs.send(url, 'a', undefined, { MessageBody, MessageDeduplicationId: undefined });

    expect((await sqs.receive(url)).map((message) => message.Body)).toEqual(['x', 'y']);
  });
});

describe('a group', () => {
  test('is handed out in order, several at once, and several groups at once', async () => {
    await sqs.send(queue, 'a', 'a1');
    await sqs.send(queue, 'b', 'b1');
    await sqs.send(queue, 'a', 'a2');
    const received = await sqs.receive(queue);

    expect(groupsOf(received)).toEqual(['a', 'a', 'b']);
    expect(received.map((message) => message.Attributes?.MessageDeduplicationId)).toEqual(['a1', 'a2', 'b1']);
  });

  test('gives nothing more while some of it is in flight', async () => {
    await sqs.send(queue, 'a');
    await sqs.send(queue, 'a');
    const [first] = await sqs.receive(queue, { MaxNumberOfMessages: 1 });

    expect(await sqs.receive(queue)).toEqual([]);
    await sqs.delete(queue, first);
    expect(await sqs.receive(queue)).toHaveLength(1);
  });

  test('is handed out up to its first invisible message', async () => {
    for (let sent = 0; sent < 3; sent += 1) await sqs.send(queue, 'a');
    const [first, second] = await sqs.receive(queue, { MaxNumberOfMessages: 2 });
    await sqs.changeVisibility(queue, second, 300);
    await sqs.changeVisibility(queue, first, 0);

    expect((await sqs.receive(queue)).map((message) => message.MessageId)).toEqual([first?.MessageId]);
  });

  test('does not delay other queues or groups', async () => {
    await sqs.send(queue, 'a');
    await sqs.receive(queue);
    await sqs.send(queue, 'b');

    expect(groupsOf(await sqs.receive(queue))).toEqual(['b']);
  });
});

describe('visibility', () => {
  test('ends after the queue’s time-out, and a receive counts whatever came of it', async () => {
    await sqs.send(queue, 'a');
    await sqs.receive(queue);
    sqs.clock.advance(29_999);
    expect(await sqs.receive(queue)).toEqual([]);
    sqs.clock.advance(1);

    expect((await sqs.receive(queue))[0]?.Attributes?.ApproximateReceiveCount).toBe('2');
  });

  test('restarts with a change', async () => {
    await sqs.send(queue, 'a');
    const [message] = await sqs.receive(queue);
    sqs.clock.advance(20_000);
    await sqs.changeVisibility(queue, message, 20);
    sqs.clock.advance(19_999);
    expect(await sqs.receive(queue)).toEqual([]);
    sqs.clock.advance(1);

    expect(await sqs.receive(queue)).toHaveLength(1);
  });

  test('of zero gives the message back at once', async () => {
    await sqs.send(queue, 'a');
    await sqs.changeVisibility(queue, (await sqs.receive(queue))[0], 0);

    expect(await sqs.receive(queue)).toHaveLength(1);
  });

  test('ends at twelve hours in all, and is at most that', async () => {
    await sqs.send(queue, 'a');
    const [message] = await sqs.receive(queue);
    sqs.clock.advance(10_000);

    await expect(sqs.changeVisibility(queue, message, 43_200)).rejects.toThrow(
      'beyond the limit [43200 seconds]',
    );
    await expect(sqs.changeVisibility(queue, message, 43_201)).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
    await sqs.changeVisibility(queue, message, 43_190);
  });

  test('of a message that is visible can’t be changed, and stays as it is', async () => {
    await sqs.send(queue, 'a');
    const [message] = await sqs.receive(queue);
    sqs.clock.advance(30_000);

    await expect(sqs.changeVisibility(queue, message, 5)).rejects.toMatchObject({
      name: 'MessageNotInflight',
    });
    expect(await sqs.receive(queue)).toHaveLength(1);
  });

  test('of a redelivered message can’t be changed with the earlier handle', async () => {
    await sqs.send(queue, 'a');
    const [message] = await sqs.receive(queue);
    sqs.clock.advance(30_000);
    await sqs.receive(queue);

    await expect(sqs.changeVisibility(queue, message, 0)).rejects.toMatchObject({
      name: 'MessageNotInflight',
    });
  });

  test('of a message that is deleted can’t be changed', async () => {
    await sqs.send(queue, 'a');
    const [message] = await sqs.receive(queue);
    await sqs.delete(queue, message);

    await expect(sqs.changeVisibility(queue, message, 42)).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining('is not available for visibility timeout change'),
    });
  });

  test('that has ended makes its receipt handle worthless', async () => {
    await sqs.send(queue, 'a');
    const [message] = await sqs.receive(queue);
    sqs.clock.advance(30_000);

    await expect(sqs.delete(queue, message)).rejects.toThrow('The receipt handle has expired');
    expect(await sqs.receive(queue)).toHaveLength(1);
  });

  test('is changed for head and followers in one batch', async () => {
    await sqs.send(queue, 'a');
    await sqs.send(queue, 'a');
    const messages = await sqs.receive(queue);
    await sqs.client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queue,
        Entries: messages.map((message, index) => ({
          Id: String(index),
          ReceiptHandle: message.ReceiptHandle,
          VisibilityTimeout: 60,
        })),
      }),
    );
    sqs.clock.advance(59_000);
    expect(await sqs.receive(queue)).toEqual([]);
    sqs.clock.advance(1_000);

    expect(await sqs.receive(queue)).toHaveLength(2);
  });
});

describe('a delete', () => {
  test('of what is deleted already succeeds', async () => {
    await sqs.send(queue, 'a');
    const [message] = await sqs.receive(queue);
    await sqs.delete(queue, message);

    await sqs.delete(queue, message);
  });

  test('of nonsense fails', async () => {
    await expect(sqs.delete(queue, { ReceiptHandle: 'nonsense' })).rejects.toMatchObject({
      name: 'ReceiptHandleIsInvalid',
    });
  });
});

test('a long poll ends when a message comes', async () => {
  const polling = sqs.receive(queue, { WaitTimeSeconds: 20 });
  await sqs.send(queue, 'a');

  expect(await polling).toHaveLength(1);
});
