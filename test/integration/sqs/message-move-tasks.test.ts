import {
  CancelMessageMoveTaskCommand,
  DeleteQueueCommand,
  ListMessageMoveTasksCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LocalSqs } from '../../support/local-sqs.ts';

let sqs: LocalSqs;
let queue: string;
let deadLetters: string;

beforeAll(async () => {
  sqs = await LocalSqs.start();
});
afterAll(() => sqs.close());
beforeEach(async () => {
  ({ queue, deadLetters } = await sqs.createWithDeadLetters());
});

async function start(destination?: string, rate?: number) {
  return sqs.client.send(
    new StartMessageMoveTaskCommand({
      SourceArn: await sqs.arnOf(deadLetters),
      DestinationArn: destination,
      MaxNumberOfMessagesPerSecond: rate,
    }),
  );
}

async function newest() {
  const { Results } = await sqs.client.send(
    new ListMessageMoveTasksCommand({ SourceArn: await sqs.arnOf(deadLetters) }),
  );
  return Results?.[0];
}

function cancel(handle: string | undefined) {
  return sqs.client.send(new CancelMessageMoveTaskCommand({ TaskHandle: handle }));
}

/** So many messages that were moved to the dead-letter queue by the redrive policy, each in a group of its own. */
async function makeDeadLetters(count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await sqs.send(queue, `g${sent}`);
  await sqs.moveToDeadLetters(queue);
}

describe('a message move task', () => {
  test('moves to the named queue at its rate, as new messages', async () => {
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, index) => sqs.send(deadLetters, `g${index}`)),
    );
    await start(await sqs.arnOf(queue), 5);
    sqs.clock.advance(1_000);
    expect(await newest()).toMatchObject({
      Status: 'RUNNING',
      MaxNumberOfMessagesPerSecond: 5,
      ApproximateNumberOfMessagesMoved: 5,
      ApproximateNumberOfMessagesToMove: 10,
    });
    sqs.clock.advance(2_000);
    const finished = await newest();
    expect(finished).toMatchObject({ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 10 });
    expect(finished?.TaskHandle).toBeUndefined();
    const moved = await sqs.receive(queue);
    expect(moved).toHaveLength(10);
    expect(
      moved.map((message) => message.MessageId).filter((id) => ids.some((sent) => sent.MessageId === id)),
    ).toEqual([]);
  });

  test('has no rate if none was requested', async () => {
    await start(await sqs.arnOf(queue));

    expect(await newest()).not.toHaveProperty('MaxNumberOfMessagesPerSecond');
  });

  test('is one at a time', async () => {
    await sqs.send(deadLetters, 'a');
    await start(await sqs.arnOf(queue), 1);

    await expect(start(await sqs.arnOf(queue))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining('There is already a task running.'),
    });
  });

  test('can be cancelled, and another one started', async () => {
    for (let sent = 0; sent < 5; sent += 1) await sqs.send(deadLetters, `g${sent}`);
    const { TaskHandle } = await start(await sqs.arnOf(queue), 1);
    sqs.clock.advance(1_000);
    expect(await cancel(TaskHandle)).toMatchObject({ ApproximateNumberOfMessagesMoved: 1 });
    sqs.clock.advance(1_000);

    expect((await newest())?.Status).toBe('CANCELLED');
    await start(await sqs.arnOf(queue));
  });

  test('without a destination goes back to where the messages came from', async () => {
    await makeDeadLetters(1);
    await start();
    sqs.clock.advance(1_000);

    expect(await sqs.receive(queue)).toHaveLength(1);
  });

  test('without a destination fails for what was sent to the dead-letter queue, which stays', async () => {
    await sqs.send(deadLetters, 'b');
    await start();
    sqs.clock.advance(1_000);

    expect(await newest()).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'CouldNotDetermineMessageSource',
    });
    expect(await sqs.receive(deadLetters)).toHaveLength(1);
  });

  test('fails where its destination is deleted meanwhile, and what is left stays as it was', async () => {
    await makeDeadLetters(5);
    const before = await sqs.receive(deadLetters, { VisibilityTimeout: 0 });
    const destination = await sqs.create();
    await start(await sqs.arnOf(destination), 1);
    sqs.clock.advance(2_000);
    await sqs.client.send(new DeleteQueueCommand({ QueueUrl: destination }));
    sqs.clock.advance(10_000);

    expect(await newest()).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'AWS.SimpleQueueService.NonExistentQueue',
      ApproximateNumberOfMessagesMoved: 2,
    });
    const left = await sqs.receive(deadLetters, { VisibilityTimeout: 0 });
    const known = new Set(before.map(({ MessageId }) => MessageId));
    expect(left).toHaveLength(3);
    expect(left.every(({ MessageId }) => known.has(MessageId))).toBe(true);
    await start();
    sqs.clock.advance(1_000);
    expect(await sqs.receive(queue)).toHaveLength(3);
  });

  test('accepts only a dead-letter queue as its source', async () => {
    const command = new StartMessageMoveTaskCommand({ SourceArn: await sqs.arnOf(queue) });

    await expect(sqs.client.send(command)).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: 'Source queue must be configured as a Dead Letter Queue.',
    });
  });

  test('to a queue that isn’t there is refused with a 404 that names the parameter', async () => {
    await expect(start(`${await sqs.arnOf(queue)}x`)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "The resource that you specified for the DestinationArn parameter doesn't exist.",
      $metadata: { httpStatusCode: 404 },
    });
  });
});

describe('cancelling a task', () => {
  const handleOf = (sourceArn: string) =>
    Buffer.from(JSON.stringify({ taskId: '10f57157-fc38-4da9-a113-4de7e12d05aa', sourceArn })).toString(
      'base64',
    );

  test('by what is no handle is refused', async () => {
    await expect(cancel('foobared')).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: 'Value for parameter TaskHandle is invalid.',
    });
  });

  test('of a queue that isn’t there is refused with a 404', async () => {
    await expect(cancel(handleOf('arn:aws:sqs:us-east-1:000000000000:nobody.fifo'))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "The resource that you specified for the SourceArn parameter doesn't exist.",
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('that isn’t there is refused with a 404', async () => {
    await expect(cancel(handleOf(await sqs.arnOf(deadLetters)))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Task does not exist.',
      $metadata: { httpStatusCode: 404 },
    });
  });
});
