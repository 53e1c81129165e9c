import { expect, test } from 'vitest';
import { TIMING } from '../../../domain/payment/timing.ts';
import { infrastructureBackoffSeconds } from '../../../lambdas/execute-instructions/sqs-record.ts';
import { recordOf } from '../../support/executor.ts';

function backoffAfter(receives: number): number {
  const record = recordOf({ instructionId: 'ins_1', paymentOrderId: 'ord_1' });
  record.attributes.ApproximateReceiveCount = String(receives);
  return infrastructureBackoffSeconds([record]);
}

test('a message outlasts four hours of an outage of ours before SQS moves it to the dead-letter queue', () => {
  const waits = Array.from({ length: TIMING.maxReceiveCount }, (_, index) => backoffAfter(index + 1));
  expect(waits.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThanOrEqual(4 * 3600);
});

test('a message waits ten seconds when a service of ours is away for the first time', () => {
  expect(backoffAfter(1)).toBe(10);
});

test('a batch of repeats waits as long as the one that was received most', () => {
  const records = ['3', '1'].map((count) => {
    const record = recordOf({ instructionId: 'ins_1', paymentOrderId: 'ord_1' });
    record.attributes.ApproximateReceiveCount = count;
    return record;
  });
  expect(infrastructureBackoffSeconds(records)).toBe(40);
});
