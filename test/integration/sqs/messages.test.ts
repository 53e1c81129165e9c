import {
  DeleteMessageBatchCommand,
  type MessageAttributeValue,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
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

const text = (value: string) => ({ DataType: 'String', StringValue: value });
const number = (value: string) => ({ DataType: 'Number', StringValue: value });
const sendWith = (attributes: Record<string, MessageAttributeValue>) =>
  sqs.send(queue, 'g', undefined, { MessageAttributes: attributes });

describe('what is refused of a message', () => {
  test.each([
    ['a group id of 129 characters', { MessageGroupId: 'g'.repeat(129) }, 'MessageGroupId'],
    ['a deduplication id with a space', { MessageDeduplicationId: 'a b' }, 'MessageDeduplicationId'],
    ['an empty deduplication id', { MessageDeduplicationId: '' }, 'MessageDeduplicationId'],
    ['no group', { MessageGroupId: undefined }, 'MessageGroupId'],
    ['no deduplication id', { MessageDeduplicationId: undefined }, 'ContentBasedDeduplication'],
    ['a delay', { DelaySeconds: 5 }, 'DelaySeconds'],
    ['more than 1 MiB', { MessageBody: 'x'.repeat(1024 * 1024 + 1) }, 'shorter than 1048576 bytes'],
    ['a control character', { MessageBody: 'a\u0001' }, 'Invalid characters'],
  ])('%s', async (_what, change, message) => {
    await expect(sqs.send(queue, 'g', 'd', change)).rejects.toThrow(message);
  });

  test.each([
    'AWS.x',
    'aWs.x',
    'Amazon.y',
    'AMAZON.y',
    '.a',
    'a.',
    'a..b',
    'a!b',
    'a b',
    'a§b',
    'a?b',
    'L'.repeat(257),
  ])('the attribute name %s', async (name) => {
    await expect(sendWith({ [name]: text('v') })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining(name),
    });
  });

  test.each(['Text', 'String.', `Number.${'L'.repeat(256)}`, 'string'])(
    'the attribute type %s',
    async (type) => {
      await expect(sendWith({ a: { DataType: type, StringValue: '1' } })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    },
  );

  test('an empty attribute', async () => {
    await expect(sendWith({ a: text('') })).rejects.toThrow('must contain a non-empty value');
  });

  test('a control character in an attribute', async () => {
    await expect(sendWith({ a: text('x\u0008\u000b') })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining('Invalid characters'),
    });
  });

  test.each(['abc', '1,5', '0x10', '.', 'NaN', 'Infinity', '1e126', '1e-129', '1'.repeat(39)])(
    'the number %s',
    async (value) => {
      await expect(sendWith({ a: number(value) })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
        message: expect.stringContaining('to number'),
      });
    },
  );
});

describe('what is accepted of a message', () => {
  test.each(['attr.1øßä', 'a-b_c.d', 'Awsome', 'L'.repeat(256)])('the attribute name %s', async (name) => {
    await sendWith({ [name]: text('v') });
    const [message] = await sqs.receive(queue);

    expect(message?.MessageAttributes).toMatchObject({ [name]: { StringValue: 'v' } });
  });

  test.each(['7', '-0.5', '+1.25E3', '9.9e125', '1e-128', '0', `0.${'0'.repeat(50)}1`])(
    'the number %s',
    async (value) => {
      await sendWith({ a: number(value) });
    },
  );

  test('a type with a name of the sender’s own', async () => {
    await sendWith({ a: { DataType: 'Number.float', StringValue: '1.5' } });
  });

  test('attributes, whose checksums the SDK verifies', async () => {
    await sendWith({
      reason: text('ünï'),
      count: number('7'),
      bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
    });
    const [message] = await sqs.receive(queue);

    expect(message?.MessageAttributes?.reason?.StringValue).toBe('ünï');
    expect(message?.MessageAttributes?.bytes?.BinaryValue).toEqual(new Uint8Array([0, 255]));
  });
});

describe('a receive is given the attributes', () => {
  const ATTRIBUTES = { Hello: text('There'), General: text('Kenobi'), 'Help.Me': text('Me') };

  test.each([
    ['All', ['General', 'Hello', 'Help.Me']],
    ['*', ['General', 'Hello', 'Help.Me']],
    ['.*', ['General', 'Hello', 'Help.Me']],
    ['Hel.*', ['Hello', 'Help.Me']],
    ['Hello', ['Hello']],
    ['Hel', []],
    ['..foo', []],
  ])('that it names by %s', async (wanted, names) => {
    await sendWith(ATTRIBUTES);
    const [message] = await sqs.receive(queue, { MessageAttributeNames: [wanted] });

    expect(Object.keys(message?.MessageAttributes ?? {}).toSorted()).toEqual(names);
  });
});

describe('a batch', () => {
  const entry = (id: string) => ({
    Id: id,
    MessageBody: 'x',
    MessageGroupId: 'g',
    MessageDeduplicationId: id,
  });
  const sendBatch = (Entries: SendMessageBatchRequestEntry[], url = queue) =>
    sqs.client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));

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
  ])('with %s is refused', async (_what, Entries, name) => {
    await expect(sendBatch(Entries)).rejects.toMatchObject({ name });
  });

  test('with an entry without a group is refused as a whole', async () => {
    const { MessageGroupId: _group, ...without } = entry('2');

    await expect(sendBatch([entry('1'), without])).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: 'The request must contain the parameter MessageGroupId.',
    });
    expect(await sqs.receive(queue)).toEqual([]);
  });

  test('with an entry without a deduplication id is refused as a whole', async () => {
    const { MessageDeduplicationId: _id, ...without } = entry('2');

    await expect(sendBatch([entry('1'), without])).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining('ContentBasedDeduplication'),
    });
    expect(await sqs.receive(queue)).toEqual([]);
  });

  test('without deduplication ids is accepted by a queue that goes by content', async () => {
    const byContent = await sqs.create({ ContentBasedDeduplication: 'true' });
    const { MessageDeduplicationId: _id, ...without } = entry('1');

    expect((await sendBatch([without], byContent)).Successful).toHaveLength(1);
  });

  test('tells one entry beside those that went, in a 200', async () => {
    const { Successful, Failed } = await sendBatch([entry('good'), { ...entry('bad'), MessageGroupId: '' }]);

    expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(Failed).toEqual([
      expect.objectContaining({ Id: 'bad', SenderFault: true, Code: 'InvalidParameterValue' }),
    ]);
  });

  test('of deletions tells a bad handle beside the others', async () => {
    const { Failed } = await sqs.client.send(
      new DeleteMessageBatchCommand({ QueueUrl: queue, Entries: [{ Id: 'x', ReceiptHandle: 'nonsense' }] }),
    );

    expect(Failed?.[0]).toMatchObject({ Id: 'x', Code: 'ReceiptHandleIsInvalid' });
  });
});

describe('the trace that a message was sent in', () => {
  const TRACE = 'Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1';

  /** As the SDK does within a function. */
  async function sendTraced(header: string): Promise<void> {
    const client: SQSClient = sqs.newClient();
    client.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, { 'X-Amzn-Trace-Id': header });
        return next(args);
      },
      { step: 'build' },
    );
    await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queue,
        Entries: [{ Id: '1', MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'd' }],
      }),
    );
    client.destroy();
  }

  test('is given back as AWSTraceHeader', async () => {
    await sendTraced(TRACE);
    const [message] = await sqs.receive(queue, { MessageSystemAttributeNames: ['AWSTraceHeader'] });

    expect(message?.Attributes).toEqual({ AWSTraceHeader: TRACE });
  });

  test('is none where the header isn’t formed as X-Ray’s', async () => {
    await sendTraced('nonsense');
    const [message] = await sqs.receive(queue);

    expect(message?.Attributes).not.toHaveProperty('AWSTraceHeader');
  });
});
