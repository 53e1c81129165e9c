import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDeadLetterQueue } from '../../../adapters/sqs/dead-letter-queue.ts';
import { createDeadLetterSender } from '../../../adapters/sqs/dead-letter-sender.ts';
import { LocalSqs } from '../../support/local-sqs.ts';

const LARGEST = 1024 * 1024;

let sqs: LocalSqs;
beforeAll(async () => {
  sqs = await LocalSqs.start();
});
afterAll(() => sqs.close());

test('dead letters whose bodies don’t fit into one request go back all the same', async () => {
  const [url, mainUrl] = [await sqs.create(), await sqs.create()];
  const sizes = [LARGEST, 600_000, 10, 600_000];
  for (const size of sizes) {
    const deadLetter = { body: 'x'.repeat(size), reason: 'unreadable', cycle: null, correlationId: null };
    await createDeadLetterSender(sqs.client, url).send([
      { ...deadLetter, groupId: randomUUID(), deduplicationId: randomUUID() },
    ]);
  }
  const queue = createDeadLetterQueue({ client: sqs.client, url, mainUrl });
  const received = await queue.receive(60);
  expect(received).toHaveLength(sizes.length);

  expect(await queue.moveBack(received)).toEqual(received);
  expect(await queue.count()).toEqual({ visible: 0, held: 0 });
  const arrived = await sqs.receive(mainUrl, { MaxNumberOfMessages: 10 });
  expect(arrived.map(({ Body }) => Body?.length)).toEqual(sizes);
});
