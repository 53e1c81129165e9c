import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FailedInvocations } from '../../../../local/lambda/failed-invocations.ts';
import { strictReadiness } from '../../../support/readiness.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:failed';

let directory: string;
let sent: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-failed-'));
  sent = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

function destination(maySend: boolean): FailedInvocations {
  return new FailedInvocations({
    directory,
    readiness: strictReadiness(),
    maySend: () => maySend,
    onSent: (queueArn) => sent.push(queueArn),
  });
}

const fileOf = () => join(directory, 'failed-invocations.ndjson');
const event = (number: number) => ({
  functionName: 'relay',
  destinationArn: QUEUE,
  record: { requestPayload: { number } },
});

test('a record of a failed invocation is a line of a file, and counted as a message of its queue', () => {
  const failed = destination(true);
  for (const number of [1, 2]) failed.keep(event(number));

  const lines = readFileSync(fileOf(), 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { queue: 'failed', record: { requestPayload: { number: 1 } } },
    { queue: 'failed', record: { requestPayload: { number: 2 } } },
  ]);
  expect(sent).toEqual([QUEUE, QUEUE]);
});

test('a record that the function’s role may not send is lost', () => {
  destination(false).keep(event(1));

  expect(existsSync(fileOf())).toBe(false);
  expect(sent).toEqual([]);
});
