import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkUsage, type ReasonedGrant, readUsage } from '../../../../local/iam/check-usage.ts';
import type { Grant } from '../../../../local/iam/statement.ts';
import { UsageRecord } from '../../../../local/iam/usage-record.ts';
import { strictReadiness } from '../../../support/readiness.ts';

const send: Grant = {
  holder: 'AcceptPaymentRole1A',
  principal: undefined,
  action: 'sqs:SendMessage',
  resource: 'arn:aws:sqs:us-east-1:000000000000:Instructions.fifo',
  condition: undefined,
};
const receive: Grant = { ...send, action: 'sqs:ReceiveMessage' };
const reason: ReasonedGrant = {
  holder: 'AcceptPaymentRole',
  actions: ['sqs:ReceiveMessage'],
  resource: 'Instructions',
  reason: 'nothing receives on one machine',
};

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-usage-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function recordOf(name: string): UsageRecord {
  return new UsageRecord([join(directory, `${name}.ndjson`)], strictReadiness());
}

describe('the usage of several runtimes', () => {
  test('is what any of them used', () => {
    recordOf('one').granted([send, receive]);
    recordOf('one').used(send);
    recordOf('other').granted([send, receive]);
    recordOf('other').used(receive);

    expect(checkUsage(readUsage(directory), []).unused).toEqual([]);
  });

  test('is read though one was killed in the middle of a line', () => {
    recordOf('one').granted([send]);
    recordOf('one').used(send);
    appendFileSync(join(directory, 'one.ndjson'), '{"used":{"holder":"Acc');

    expect(readUsage(directory).used).toHaveLength(1);
  });
});

describe('a grant of several stages', () => {
  const ofStage = (stage: string, hash: string) => ({
    holder: `PermissionOncepay${stage}PipelineApi${hash}GETpayments${hash}`,
    action: 'lambda:InvokeFunction',
    resource: `arn:aws:lambda:us-east-1:000000000000:function:Oncepay-${stage}-Pipeline-ReadPayment${hash}`,
    condition: `arn:aws:execute-api:us-east-1:000000000000:${hash.toLowerCase()}ff/v1/GET/payments`,
  });
  const dev = ofStage('dev', '0A1B2C3D');
  const staging = ofStage('staging', '99AABBCC');

  test('is used where one of them used it', () => {
    expect(checkUsage({ granted: [dev, staging], used: [dev] }, []).unused).toEqual([]);
  });

  test('is in vain where none did', () => {
    expect(checkUsage({ granted: [dev, staging], used: [] }, []).unused).toEqual([dev, staging]);
  });
});

describe('a grant that nothing used', () => {
  const usage = { granted: [send, receive], used: [send] };

  test('is in vain without a reason', () => {
    expect(checkUsage(usage, [])).toEqual({ unused: [receive], excused: [], stale: [] });
  });

  test('is excused by a reason that fits its holder, action and resource', () => {
    const excused = [{ grant: receive, reason: reason.reason }];

    expect(checkUsage(usage, [reason])).toEqual({ unused: [], excused, stale: [] });
  });

  test('is not excused where the reason is for another condition', () => {
    const other = { ...reason, condition: 'kms:ViaService' };

    expect(checkUsage(usage, [other])).toEqual({ unused: [receive], excused: [], stale: [other] });
  });
});

test('a reason for a used grant is stale', () => {
  const usage = { granted: [send, receive], used: [send, receive] };

  expect(checkUsage(usage, [reason]).stale).toEqual([reason]);
});
