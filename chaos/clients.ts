import { randomUUID } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { Victim } from './victim.ts';

/** Half of them succeed, the others show every fault of a PSP. */
const TOKENS = [
  ...Array<string>(8).fill('sim_ok'),
  'sim2_ok',
  'sim_decline_insufficient_funds',
  'sim_500_charged',
  'sim_500_not_charged',
  'sim_malformed',
  'sim_flaky_2',
  'sim2_500_charged',
  'sim_timeout_charged',
];

const CLIENTS = 16;
/** The delay before a request to a killed server is repeated. */
const RETRY_MS = 200;
/** One in so many POSTs is sent twice, one in so many payments gets a second message. */
const TWICE = 10;

export interface Paid {
  readonly paymentId: string;
  readonly orderIds: readonly string[];
}

const acceptedSchema = z.object({
  id: z.string(),
  payment_orders: z.array(z.object({ id: z.string() })),
});

/** Makes payments, whatever is killed meanwhile: a POST without an answer is repeated with its key. */
export async function payAll(victim: Victim, payments: number, onPaid: (paid: Paid) => void): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < payments) {
      next += 1;
      const number = next;
      const key = randomUUID();
      const body = JSON.stringify(bodyOf(number));
      const paid = await untilAccepted(victim, key, body);
      if (number % TWICE === 0) await untilAccepted(victim, key, body);
      onPaid(paid);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

function bodyOf(number: number): object {
  return {
    merchant_reference: randomUUID(),
    buyer_id: 'buyer',
    payment_method: TOKENS[number % TOKENS.length],
    payment_orders: Array.from({ length: 1 + (number % 3 === 0 ? 2 : 0) }, (_, index) => ({
      amount: 1_000 + index,
      currency: 'KRW',
      seller_id: `seller-${number % 7}`,
    })),
  };
}

async function untilAccepted(victim: Victim, key: string, body: string): Promise<Paid> {
  for (;;) {
    const paid = await tryOnce(victim, key, body);
    if (paid !== undefined) return paid;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function tryOnce(victim: Victim, key: string, body: string): Promise<Paid | undefined> {
  const { endpoints } = victim;
  if (endpoints === undefined) return undefined;
  try {
    const response = await fetch(`${endpoints.api}/payments`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${endpoints.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body,
    });
    const text = await response.text();
    if (response.status === 202) {
      const { id, payment_orders } = acceptedSchema.parse(JSON.parse(text));
      return { paymentId: id, orderIds: payment_orders.map((order) => order.id) };
    }
    if (response.status < 500 && response.status !== 429) throw new TypeError(text);
    return undefined;
  } catch (error) {
    // A refusal is a bug of this program; any other error comes from a kill.
    if (error instanceof TypeError && error.message.includes('"code"')) throw error;
    return undefined;
  }
}

/** The same instruction in a new message, like a queue's second delivery. */
export async function sendDuplicate(victim: Victim, instructionId: string, orderId: string): Promise<void> {
  const { endpoints } = victim;
  if (endpoints === undefined) return;
  const sqs = new SQSClient({
    endpoint: endpoints.sqs,
    region: 'us-east-1',
    credentials: { accessKeyId: 'chaos', secretAccessKey: 'chaos' },
    maxAttempts: 1,
  });
  const body = { version: 1, instruction_id: instructionId, group_id: orderId, operation: 'charge' };
  await sqs
    .send(
      new SendMessageCommand({
        QueueUrl: endpoints.queueUrl,
        MessageBody: JSON.stringify(body),
        MessageGroupId: orderId,
        MessageDeduplicationId: randomUUID(),
      }),
    )
    .catch(() => {});
  sqs.destroy();
}
