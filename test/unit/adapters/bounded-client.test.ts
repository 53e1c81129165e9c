import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BOUNDED_CLIENT } from '../../../adapters/bounded-client.ts';
import { createActivity } from '../../../adapters/dynamodb/activity.ts';
import { createConsumedMessages } from '../../../adapters/dynamodb/consumed-messages.ts';
import { createDeadLetterSender } from '../../../adapters/sqs/dead-letter-sender.ts';
import { createInstructionSender, createVisibilityChanger } from '../../../adapters/sqs/instruction-queue.ts';
import { TIMING } from '../../../domain/payment/timing.ts';
import { sourceFiles } from '../../support/source-files.ts';

const DEAD_LETTER = {
  body: 'x',
  groupId: 'g',
  reason: 'r',
  deduplicationId: 'd',
  cycle: 0,
  correlationId: null,
};

const INSTRUCTION = {
  instructionId: 'i',
  groupId: 'g',
  operation: 'charge',
  sendNumber: 0,
  correlationId: 'c',
} as const;

/** The functions' clients of a service that behaves as told. */
async function clientsOf(serve: RequestListener) {
  const server = createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const config = {
    ...BOUNDED_CLIENT,
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  };
  const sqs = new SQSClient(config);
  return {
    consumed: createConsumedMessages(new DynamoDBClient(config), 'table', () => 0),
    visibility: createVisibilityChanger(sqs, endpoint),
    deadLetters: createDeadLetterSender(sqs, endpoint),
    instructions: createInstructionSender(sqs, endpoint),
    activity: createActivity(new DynamoDBClient(config), 'table', () => 0),
  };
}

type Clients = Awaited<ReturnType<typeof clientsOf>>;

test('every function makes its clients of SQS and DynamoDB with these settings', () => {
  const made = sourceFiles('lambdas').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/new (?:SQS|DynamoDB)Client\(([^)]*)\)/g)].map(
      ([, settings]) => settings,
    ),
  );
  expect(made.length).toBeGreaterThan(10);
  expect(new Set(made)).toEqual(new Set(['BOUNDED_CLIENT']));
});

describe.each<[string, (clients: Clients) => Promise<unknown>]>([
  ['the look-up of consumed messages', ({ consumed }) => consumed.find(['a'])],
  ['the record of consumed messages', ({ consumed }) => consumed.record(['a'])],
  ['a change of visibility', ({ visibility }) => visibility.change([{ receiptHandle: 'a', seconds: 1 }])],
  ['a send of instructions', ({ instructions }) => instructions.send([INSTRUCTION])],
  ['the mark of activity', ({ activity }) => activity.touch()],
  ['a dead letter', ({ deadLetters }) => deadLetters.send([DEAD_LETTER])],
])('%s', (_what, request) => {
  test('fails in the time that the protocol counts for it when the service says nothing', async () => {
    const clients = await clientsOf(() => {});
    const startedAt = performance.now();
    await expect(request(clients)).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(TIMING.requestDeadlineSeconds * 1_000 + 500);
  });

  test('fails in that time when the answer begins and never ends', async () => {
    const clients = await clientsOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      const timer = setInterval(() => response.write(' '), 50);
      response.once('close', () => clearInterval(timer));
    });
    const startedAt = performance.now();
    await expect(request(clients)).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(TIMING.requestDeadlineSeconds * 1_000 + 500);
  });

  test('is repeated once after a server error', async () => {
    let requests = 0;
    const clients = await clientsOf((_request, response) => {
      requests += 1;
      response.writeHead(requests === 1 ? 500 : 200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end('{}');
    });
    await request(clients);
    expect(requests).toBe(2);
  });
});
