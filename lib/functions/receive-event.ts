import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ServingFunction } from '../constructs/serving-function.ts';
import type { FunctionContext } from '../function-context.ts';
import { sendMessages, useTable } from '../grants.ts';
import { pspAccountsEnvironment, readPspSecrets } from '../psp-accounts.ts';
import { activityEnvironment } from './environment.ts';

/** What comes from PSPs without a merchant's key: their events, and the buyers whom they send back. */
export class ReceiveEvent extends ServingFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { data, config } = context;
    super(scope, id, {
      ...context,
      folder: 'receive-event',
      description: 'Stores the events of PSPs, and wakes the payments that they name.',
      // PSPs wait for five to thirty seconds, and send again what got no answer.
      timeout: Duration.seconds(25),
      memorySize: 512,
      environment: {
        TAKES_REAL_MONEY: String(config.takesRealMoney),
        QUEUE_URL: data.queue.queueUrl,
        ...activityEnvironment(context),
        ...pspAccountsEnvironment(context),
      },
      grants: [
        ...sendMessages(data, data.queue),
        ...useTable(data, data.activityTable, ['dynamodb:PutItem']),
        ...readPspSecrets(context),
      ],
    });
  }
}
