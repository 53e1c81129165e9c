import { ListDeadLetterSourceQueuesCommand, type Message } from '@aws-sdk/client-sqs';
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

async function receiveThreeTimes(): Promise<Message | undefined> {
  let last: Message | undefined;
  for (let received = 0; received < 3; received += 1) {
    [last] = await sqs.receive(queue);
    sqs.clock.advance(30_000);
  }
  return last;
}

describe('the dead-letter queue', () => {
  test('gets a message on the receive that would exceed the count, with the same id and a new time', async () => {
    const sent = await sqs.send(queue, 'a', 'id');
    const sentAt = sqs.clock.now();
    const last = await receiveThreeTimes();
    expect(last?.Attributes?.ApproximateReceiveCount).toBe('3');
    expect(await sqs.receive(deadLetters)).toEqual([]);

    expect(await sqs.receive(queue)).toEqual([]);

    const [dead] = await sqs.receive(deadLetters);
    expect(dead?.Body).toBe(last?.Body);
    expect(dead?.Attributes).toMatchObject({
      MessageGroupId: 'a',
      MessageDeduplicationId: sent.MessageId,
      DeadLetterQueueSourceArn: await sqs.arnOf(queue),
    });
    expect(Number(dead?.Attributes?.SentTimestamp)).toBeGreaterThan(sentAt);
  });

  test('frees the messages behind the dead letter in its group', async () => {
    await sqs.send(queue, 'a', 'first');
    await receiveThreeTimes();
    await sqs.send(queue, 'a', 'second');

    expect((await sqs.receive(queue)).map((message) => message.Attributes?.MessageDeduplicationId)).toEqual([
      'second',
    ]);
  });

  test('knows its sources', async () => {
    const { queueUrls } = await sqs.client.send(
      new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadLetters }),
    );
    expect(queueUrls).toEqual([queue]);
  });
});

const redrivePolicy = (arn: string) => ({
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 3 }),
});

describe('a redrive policy', () => {
  test('names a queue that is there', async () => {
    await expect(sqs.create(redrivePolicy('arn:aws:sqs:us-east-1:000000000000:nobody.fifo'))).rejects.toThrow(
      'Dead letter target does not exist',
    );
  });

  test.each(['{}', 'x', '{"deadLetterTargetArn":"a","maxReceiveCount":"often"}'])(
    'of %s is refused',
    async (policy) => {
      await expect(sqs.setAttributes(queue, { RedrivePolicy: policy })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    },
  );

  test('is removed by an empty value', async () => {
    await sqs.setAttributes(queue, { RedrivePolicy: '' });

    expect(await sqs.attributesOf(queue)).not.toHaveProperty('RedrivePolicy');
  });
});

describe('a redrive allow policy', () => {
  const allow = (policy: object) => ({ RedriveAllowPolicy: JSON.stringify(policy) });

  test('of denyAll keeps every queue from sending its dead letters', async () => {
    const target = await sqs.create(allow({ redrivePermission: 'denyAll' }));

    await expect(sqs.create(redrivePolicy(await sqs.arnOf(target)))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining('does not allow this queue'),
    });
  });

  test('of byQueue lets the queues it names, and no other', async () => {
    const target = await sqs.create(
      allow({ redrivePermission: 'byQueue', sourceQueueArns: [await sqs.arnOf(queue)] }),
    );
    const policy = redrivePolicy(await sqs.arnOf(target));

    await sqs.setAttributes(queue, policy);
    await expect(sqs.create(policy)).rejects.toThrow('does not allow this queue');
  });

  test('of allowAll lets every queue', async () => {
    const target = await sqs.create(allow({ redrivePermission: 'allowAll' }));

    await sqs.setAttributes(queue, redrivePolicy(await sqs.arnOf(target)));
  });

  test.each([
    'x',
    '{}',
    '{"redrivePermission":"some"}',
    '{"redrivePermission":"byQueue"}',
    '{"redrivePermission":"denyAll","sourceQueueArns":["a"]}',
  ])('of %s is refused', async (policy) => {
    await expect(sqs.create({ RedriveAllowPolicy: policy })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });
});
