import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { BOUNDED_CLIENT } from '../../adapters/bounded-client.ts';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { alwaysActive, createActivity } from '../../adapters/dynamodb/activity.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { systemIds } from '../../adapters/ids.ts';
import { createPsps, readAccounts } from '../../adapters/psp/psps.ts';
import { createInstructionSender } from '../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import { type AccountReport, type SweepEffects, type SweepReport, sweepMovements } from './sweep.ts';

const environment = readEnvironment({
  ...variables.database,
  ...variables.queue,
  ...variables.activityTable,
  ...variables.pspAccounts,
});

const psps = createPsps({
  accounts: readAccounts(environment.PSP_ACCOUNTS, systemTime.now),
  time: systemTime,
  deadlineMs: TIMING.requestDeadlineSeconds * 1_000,
  warn: (message, detail) => logger.warn(message, detail),
});

const effects: Omit<SweepEffects, 'psps' | 'hasTime'> = {
  database: connectDatabase(environment, { meter }),
  activity:
    environment.ACTIVITY_TABLE_NAME === undefined
      ? alwaysActive
      : createActivity(new DynamoDBClient(BOUNDED_CLIENT), environment.ACTIVITY_TABLE_NAME, systemTime.now),
  queue: createInstructionSender(new SQSClient(BOUNDED_CLIENT), environment.QUEUE_URL),
  time: systemTime,
  ids: systemIds,
  sendFailed: (detail) => {
    meter.put('SendsFailed', 1);
    logger.warn('the send after the commit failed; the relay sends it', { ...detail });
  },
};

/** A page, its statement with a retry, and the messages of what it wakes. */
const RESERVE_MS = 45_000;

async function sweep(_event: unknown, context: Context): Promise<SweepReport> {
  const hasTime = () => context.getRemainingTimeInMillis() > RESERVE_MS;
  const report = await sweepMovements({ ...effects, psps: await psps.hold(), hasTime });
  const accounts = report.kind === 'idle' ? [] : report.accounts;
  for (const account of accounts) tell(account);
  // A list that can't be read is a sweep that has stopped, whatever the function does.
  if (accounts.every(({ outcome }) => outcome !== 'failed')) meter.put('SweepRuns', 1);
  return report;
}

function tell({ account, ...report }: AccountReport): void {
  if (report.attached > 0) meter.put('MovementsAttached', report.attached, account);
  if (report.noted > 0) meter.put('DiscrepanciesNoted', report.noted, account);
  if (report.outcome === 'failed') {
    meter.put('SweepsFailed', 1, account);
    logger.warn('a PSP’s list of movements can’t be read', { psp_account: account, ...report });
  } else if (report.noted > 0) {
    logger.warn('a PSP’s list of movements differs from ours', { psp_account: account, ...report });
  }
}

export const handler = middy<unknown, SweepReport>()
  .use(publishMetrics())
  .use(logInvocation())
  .handler(sweep);
