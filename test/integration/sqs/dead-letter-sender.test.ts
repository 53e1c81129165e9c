import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeadLetterSender, type DeadLetter } from '../../../adapters/sqs/dead-letter-sender.ts';
import { LocalSqs } from '../../support/local-sqs.ts';

const LARGEST = 1024 * 1024;
const REASON = 'unparseable: the body is not JSON';

let sqs: LocalSqs;
beforeAll(async () => {
  sqs = await LocalSqs.start();
});
afterAll(() => sqs.close());

/** @returns the attributes of the message as it arrives */
async function arrived(more: Partial<DeadLetter>) {
  const url = await sqs.create();
  const deadLetter = {
    body: 'x',
    groupId: 'g',
    reason: REASON,
    deduplicationId: 'd',
    cycle: null,
    correlationId: 'request-1',
    ...more,
  };
  expect(await createDeadLetterSender(sqs.client, url).send([deadLetter])).toEqual(new Set());
  const [message] = await sqs.receive(url, { MessageAttributeNames: ['All'] });
  expect(message?.Body).toBe(deadLetter.body);
  return message?.MessageAttributes ?? {};
}

describe('a dead letter whose body', () => {
  test('fills a message arrives without its attributes', async () => {
    expect(await arrived({ body: 'x'.repeat(LARGEST) })).toEqual({});
  });

  test('leaves room for half of the reason arrives with that', async () => {
    const room = 'reasonString'.length + 'correlation_idStringrequest-1'.length + 12;
    const { reason } = await arrived({ body: 'x'.repeat(LARGEST - room) });
    expect(reason?.StringValue).toBe(REASON.slice(0, 12));
  });

  test('leaves room for half of a character arrives without it', async () => {
    const room = 'reasonString'.length + 'correlation_idStringrequest-1'.length + 2;
    const { reason } = await arrived({ body: 'x'.repeat(LARGEST - room), reason: 'a\u2019b' });
    expect(reason?.StringValue).toBe('a');
  });

  test('is small arrives with all that is known', async () => {
    const { reason, correlation_id } = await arrived({});
    expect([reason?.StringValue, correlation_id?.StringValue]).toEqual([REASON, 'request-1']);
  });
});
