import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ScheduledFunction } from '../constructs/scheduled-function.ts';
import type { FunctionContext } from '../function-context.ts';
import { sendMessages, useTable } from '../grants.ts';
import { pspAccountsEnvironment, readPspSecrets } from '../psp-accounts.ts';
import { activityEnvironment } from './environment.ts';

export const SWEEP_PERIOD = Duration.minutes(10);

/** Reads what the PSPs say that they moved. It can change no payment and book nothing. */
export class SweepMovements extends ScheduledFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { data } = context;
    super(scope, id, {
      ...context,
      folder: 'sweep-movements',
      description: 'Compares what the PSPs say that they moved with the books.',
      period: SWEEP_PERIOD,
      // A page takes a tenth of a second. What is left after a backlog of thousands is read by the next run.
      timeout: Duration.minutes(5),
      memorySize: 512,
      environment: {
        QUEUE_URL: data.queue.queueUrl,
        ...activityEnvironment(context),
        ...pspAccountsEnvironment(context),
      },
      grants: [
        ...sendMessages(data, data.queue),
        ...useTable(data, data.activityTable, ['dynamodb:BatchGetItem']),
        ...readPspSecrets(context),
      ],
    });
  }
}
