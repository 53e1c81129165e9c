import {
  AddPermissionCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  PurgeQueueInProgress,
  QueueDeletedRecently,
  QueueDoesNotExist,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LocalSqs } from '../../support/local-sqs.ts';

const MINUTE = 60_000;
let sqs: LocalSqs;
let queue: string;

beforeAll(async () => {
  sqs = await LocalSqs.start();
});
afterAll(() => sqs.close());
beforeEach(async () => {
  queue = await sqs.create();
});

describe('a queue', () => {
  test('that is made twice alike is one', async () => {
    const name = sqs.newName();

    expect(await sqs.create({}, name)).toBe(await sqs.create({}, name));
  });

  test('that is there is refused with other attributes', async () => {
    const name = sqs.newName();
    await sqs.create({}, name);

    await expect(sqs.create({ VisibilityTimeout: '31' }, name)).rejects.toMatchObject({
      name: 'QueueNameExists',
    });
  });

  test('that isn’t there is an error of the SDK’s own', async () => {
    await expect(sqs.send(`${queue}x`, 'a')).rejects.toBeInstanceOf(QueueDoesNotExist);
    await expect(
      sqs.client.send(new GetQueueUrlCommand({ QueueName: 'nobody.fifo' })),
    ).rejects.toBeInstanceOf(QueueDoesNotExist);
  });

  test('that isn’t FIFO is refused', async () => {
    const standard = new CreateQueueCommand({ QueueName: 'standard' });
    await expect(sqs.client.send(standard)).rejects.toThrow('Only FIFO queues');
  });

  test('tells what is visible and what is in flight', async () => {
    await sqs.send(queue, 'a');
    await sqs.send(queue, 'b');
    await sqs.receive(queue, { MaxNumberOfMessages: 1 });

    expect(await sqs.attributesOf(queue)).toMatchObject({
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '1',
      FifoQueue: 'true',
      VisibilityTimeout: '30',
    });
  });
});

describe('deleting a queue', () => {
  test('takes its messages with it', async () => {
    await sqs.send(queue, 'a');
    await sqs.client.send(new DeleteQueueCommand({ QueueUrl: queue }));

    await expect(sqs.receive(queue)).rejects.toBeInstanceOf(QueueDoesNotExist);
  });

  test('leaves its name unusable for a minute', async () => {
    const name = sqs.newName();
    await sqs.client.send(new DeleteQueueCommand({ QueueUrl: await sqs.create({}, name) }));
    sqs.clock.advance(MINUTE - 1);

    await expect(sqs.create({}, name)).rejects.toBeInstanceOf(QueueDeletedRecently);
    sqs.clock.advance(1);
    await sqs.create({}, name);
  });
});

describe('a purge', () => {
  const purge = (url = queue) => sqs.client.send(new PurgeQueueCommand({ QueueUrl: url }));

  test('drops what is visible and what is in flight', async () => {
    await sqs.send(queue, 'a');
    await sqs.send(queue, 'b');
    await sqs.receive(queue, { MaxNumberOfMessages: 1 });
    await purge();
    sqs.clock.advance(30_000);

    expect(await sqs.receive(queue)).toEqual([]);
  });

  test('forgets what was sent: the same deduplication id is a new message', async () => {
    const first = await sqs.send(queue, 'a', 'same');
    await purge();
    const second = await sqs.send(queue, 'a', 'same');

    expect((await sqs.receive(queue)).map(({ MessageId }) => MessageId)).toEqual([second.MessageId]);
    expect(Number(second.SequenceNumber)).toBeGreaterThan(Number(first.SequenceNumber));
  });

  test('is refused within a minute of the one before', async () => {
    await purge();
    sqs.clock.advance(MINUTE - 1);

    await expect(purge()).rejects.toBeInstanceOf(PurgeQueueInProgress);
    await expect(purge()).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    sqs.clock.advance(1);
    await purge();
  });
});

describe('a message past its retention', () => {
  let short: string;
  beforeEach(async () => {
    short = await sqs.create({ MessageRetentionPeriod: '60', VisibilityTimeout: '50' });
  });

  test('is handed out no more, to the millisecond', async () => {
    await sqs.send(short, 'a');
    sqs.clock.advance(MINUTE - 1);
    await sqs.send(short, 'b');
    sqs.clock.advance(1);

    expect((await sqs.receive(short)).map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(['b']);
  });

  test('is gone also while it is in flight', async () => {
    await sqs.send(short, 'a');
    sqs.clock.advance(30_000);
    const [message] = await sqs.receive(short);
    sqs.clock.advance(30_000);

    expect(await sqs.attributesOf(short)).toMatchObject({ ApproximateNumberOfMessagesNotVisible: '0' });
    await sqs.delete(short, message);
  });
});

describe('an attribute', () => {
  test.each([
    ['VisibilityTimeout', '-1', 'InvalidAttributeValue'],
    ['MessageRetentionPeriod', '59', 'InvalidAttributeValue'],
    ['Policy', 'x', 'InvalidAttributeValue'],
    ['Policy', '{"Version":"2012-10-17"}', 'InvalidAttributeValue'],
    ['Colour', 'red', 'InvalidAttributeName'],
  ])('%s of %s is refused', async (name, value, error) => {
    await expect(sqs.create({ [name]: value })).rejects.toMatchObject({ name: error });
  });

  test('of a truth can begin with a capital, and is given back in lower case', async () => {
    const url = await sqs.create({ FifoQueue: 'True', ContentBasedDeduplication: 'False' });

    expect(await sqs.attributesOf(url)).toMatchObject({
      FifoQueue: 'true',
      ContentBasedDeduplication: 'false',
    });
  });

  test('FifoQueue can’t be changed', async () => {
    await sqs.setAttributes(queue, { FifoQueue: 'true' });

    await expect(sqs.setAttributes(queue, { FifoQueue: 'false' })).rejects.toMatchObject({
      name: 'InvalidAttributeValue',
      message: expect.stringContaining('Modifying queue type is not supported.'),
    });
  });

  test('Policy is removed by an empty value', async () => {
    const statement = { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' };
    await sqs.setAttributes(queue, { Policy: JSON.stringify({ Statement: statement }) });
    expect(await sqs.attributesOf(queue)).toHaveProperty('Policy');
    await sqs.setAttributes(queue, { Policy: '' });

    expect(await sqs.attributesOf(queue)).not.toHaveProperty('Policy');
  });

  test('that is changed moves LastModifiedTimestamp', async () => {
    const { CreatedTimestamp: created, LastModifiedTimestamp: first } = await sqs.attributesOf(queue);
    expect(first).toBe(created);
    sqs.clock.advance(5_000);
    await sqs.setAttributes(queue, { VisibilityTimeout: '40' });

    expect(await sqs.attributesOf(queue)).toMatchObject({
      CreatedTimestamp: created,
      LastModifiedTimestamp: String(Number(created) + 5),
    });
  });
});

describe('encryption', () => {
  test('by a KMS key is not by SQS', async () => {
    await sqs.setAttributes(queue, { KmsMasterKeyId: 'key', KmsDataKeyReusePeriodSeconds: '6000' });

    expect(await sqs.attributesOf(queue)).toMatchObject({
      KmsMasterKeyId: 'key',
      KmsDataKeyReusePeriodSeconds: '6000',
      SqsManagedSseEnabled: 'false',
    });
  });

  test('is none after the key is removed', async () => {
    await sqs.setAttributes(queue, { KmsMasterKeyId: 'key', KmsDataKeyReusePeriodSeconds: '6000' });
    await sqs.setAttributes(queue, { KmsMasterKeyId: '', KmsDataKeyReusePeriodSeconds: '300' });
    const attributes = await sqs.attributesOf(queue);

    expect(attributes).toMatchObject({ SqsManagedSseEnabled: 'false' });
    expect(attributes).not.toHaveProperty('KmsMasterKeyId');
    expect(attributes).not.toHaveProperty('KmsDataKeyReusePeriodSeconds');
  });

  test('is of one kind at a time', async () => {
    await expect(
      sqs.setAttributes(queue, { KmsMasterKeyId: 'key', SqsManagedSseEnabled: 'true' }),
    ).rejects.toMatchObject({ name: 'InvalidAttributeName' });
  });
});

describe('the quota of 300 requests a second', () => {
  const slow = { DeduplicationScope: 'queue', FifoThroughputLimit: 'perQueue' };
  const sendMany = (url: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => sqs.send(url, 'a')));

  test('is kept for each action of a queue without high throughput', async () => {
    const url = await sqs.create(slow);
    await sendMany(url, 300);

    await expect(sqs.send(url, 'a')).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
    });
    expect(await sqs.receive(url)).toHaveLength(10);
  });

  test('is free again a second later', async () => {
    const url = await sqs.create(slow);
    await sendMany(url, 300);
    sqs.clock.advance(1_000);

    await sqs.send(url, 'a');
  });

  test('isn’t that of a queue with high throughput', async () => {
    await sendMany(queue, 301);
  });
});

describe('what is no request of SQS', () => {
  test('as an action that isn’t supported here is refused by its name', async () => {
    const command = new AddPermissionCommand({
      QueueUrl: queue,
      Label: 'x',
      AWSAccountIds: ['1'],
      Actions: ['*'],
    });
    await expect(sqs.client.send(command)).rejects.toThrow('AddPermission');
  });

  test('without an action is refused', async () => {
    expect((await fetch(sqs.url)).status).toBe(400);
  });

  test('with a body that isn’t JSON is refused', async () => {
    const broken = await fetch(sqs.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: '{',
    });
    expect(await broken.json()).toMatchObject({ __type: 'com.amazonaws.sqs#SerializationException' });
  });
});

test('every request is counted with its caller', async () => {
  sqs.requests.length = 0;
  await sqs.send(queue, 'a');

  await expect
    .poll(() => sqs.requests)
    .toEqual([{ service: 'sqs', action: 'SendMessage', caller: 'SomeFunction' }]);
});
