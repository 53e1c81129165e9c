import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { EventSourceResource } from '../../../../local/template/resources.ts';
import { PolledQueue, type PolledQueueOptions } from '../../../support/polled-queue.ts';
import { httpAnswer, startRawServer } from '../../../support/raw-server.ts';

const ONE_PROCESSOR = { count: 1, areBusy: () => false };
/** As long as one may wait for busy processors. */
const BUSY_ROUND_TRIPS = 8;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A queue whose function says on one line what it was given. */
async function told(resource: Partial<EventSourceResource> = {}) {
  const events: unknown[] = [];
  const handler = 'export const handler = async (event) => console.log(JSON.stringify(event));';
  let tell = () => {};
  const queue = await PolledQueue.start(handler, resource, {
    onLine: (line) => {
      events.push(JSON.parse(line));
      tell();
    },
  });
  closers.push(() => queue.close());
  const lines = async (count: number) => {
    while (events.length < count)
      await new Promise<void>((resolve) => {
        tell = resolve;
      });
    return events as { readonly Records: readonly Record<string, unknown>[] }[];
  };
  return { queue, lines };
}

/** A queue whose function ends when it is let. */
async function gated(resource: Partial<EventSourceResource> = {}, options: PolledQueueOptions = {}) {
  const waiting: Socket[] = [];
  const gate = await startRawServer((socket) => waiting.push(socket));
  const handler = `export const handler = async () => { await fetch('${gate.url}'); };`;
  const queue = await PolledQueue.start(handler, resource, options);
  closers.push(() => queue.close(), gate.close);
  const open = () => {
    for (const socket of waiting.splice(0)) socket.end(httpAnswer(200, ''));
  };
  /** A poll by which the function gets a batch. */
  const takeBatch = async () => {
    const invoked = gate.nextRequest();
    await queue.poll();
    await invoked;
  };
  return { queue, gate, open, takeBatch };
}

test('a record has what Lambda gives of a FIFO message', async () => {
  const { queue, lines } = await told();
  await queue.send('a1');
  queue.source.start();
  await queue.deliver();
  const [event] = await lines(1);

  expect(event?.Records).toEqual([
    {
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiptHandle: expect.any(String),
      body: 'a1',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '1700000000000',
        SequenceNumber: expect.stringMatching(/^\d{20}$/),
        MessageGroupId: 'a',
        SenderId: expect.any(String),
        MessageDeduplicationId: 'a1',
        ApproximateFirstReceiveTimestamp: '1700000000050',
      },
      messageAttributes: {
        Colour: { dataType: 'String', stringValue: 'red', stringListValues: [], binaryListValues: [] },
      },
      md5OfBody: '8a8bb7cd343aa2ad99b7d762030857a2',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:orders.fifo',
      awsRegion: 'us-east-1',
    },
  ]);
});

test('a batch holds no more messages than its size', async () => {
  const { queue, lines } = await told({ batchSize: 2 });
  await queue.send('a1', 'a2', 'a3');
  queue.source.start();
  await queue.deliver();
  await queue.deliver();

  expect((await lines(2)).map(({ Records }) => Records.map(({ body }) => body))).toEqual([
    ['a1', 'a2'],
    ['a3'],
  ]);
});

test('a message that is sent while the poller waits is delivered', async () => {
  const { queue, lines } = await told();
  queue.source.start();
  await queue.poll();
  await queue.send('a1');
  await queue.deliver();

  expect(await lines(1)).toHaveLength(1);
});

test('no more batches run than the mapping’s concurrency', async () => {
  const { queue, open, takeBatch } = await gated({ batchSize: 1, maxConcurrency: 1 });
  await queue.send('a1', 'b1');
  queue.source.start();
  await takeBatch();
  await queue.poll();

  expect(queue.inFlight).toBe(1);
  open();
});

test('while all CPUs have a batch, the next waits to be full, for two round trips at most', async () => {
  const { queue, open, takeBatch } = await gated({ batchSize: 2 }, { processors: ONE_PROCESSOR });
  await queue.send('a1');
  queue.source.start();
  await takeBatch();
  await queue.send('b1');
  await queue.poll();
  await queue.poll();
  const heldBack = queue.inFlight;
  await takeBatch();

  expect([heldBack, queue.inFlight]).toEqual([1, 2]);
  open();
});

test('while all CPUs have a batch, a full one is received at once', async () => {
  const { queue, open, takeBatch } = await gated({ batchSize: 2 }, { processors: ONE_PROCESSOR });
  await queue.send('a1');
  queue.source.start();
  await takeBatch();
  await queue.send('b1', 'c1');
  await takeBatch();

  expect(queue.inFlight).toBe(3);
  open();
});

test('while all CPUs have a batch and are busy, a full one waits too, but not for ever', async () => {
  const { queue, open, takeBatch } = await gated(
    { batchSize: 1 },
    { processors: { count: 1, areBusy: () => true } },
  );
  await queue.send('a1');
  queue.source.start();
  await takeBatch();
  await queue.send('b1');
  for (let trip = 0; trip < BUSY_ROUND_TRIPS; trip += 1) await queue.poll();
  const heldBack = queue.inFlight;
  await takeBatch();

  expect([heldBack, queue.inFlight]).toEqual([1, 2]);
  open();
});

test('a batch that ends makes room for the next', async () => {
  const { queue, open, takeBatch } = await gated({ batchSize: 1, maxConcurrency: 1 });
  await queue.send('a1', 'b1');
  queue.source.start();
  await takeBatch();
  const ended = queue.invoked();
  open();
  await ended;
  await takeBatch();

  expect(await queue.left()).toEqual(['b1']);
});

test('a message whose visibility ends while the function runs is redelivered, though the function succeeds', async () => {
  const { queue, open, takeBatch } = await gated();
  await queue.send('a1');
  queue.source.start();
  await takeBatch();
  queue.source.pause(true);
  queue.clock.advance(30_000);
  const ended = queue.invoked();
  open();
  await ended;

  expect(await queue.left()).toEqual(['a1']);
});

test('while it is paused nothing is received', async () => {
  const { queue } = await told();
  await queue.send('a1');
  queue.source.pause(true);
  queue.source.start();
  await queue.poll();

  expect(queue.inFlight).toBe(0);
});

test('messages accumulated during a pause are delivered afterwards', async () => {
  const { queue, lines } = await told();
  await queue.send('a1');
  queue.source.pause(true);
  queue.source.start();
  await queue.poll();
  queue.source.pause(false);
  await queue.deliver();

  expect(await lines(1)).toHaveLength(1);
});

test('once it is closed nothing is received', async () => {
  const { queue } = await told();
  await queue.send('a1');
  queue.source.start();
  queue.source.close();
  await queue.poll();

  expect(queue.inFlight).toBe(0);
});
