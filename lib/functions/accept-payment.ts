import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ServingFunction } from '../constructs/serving-function.ts';
import type { FunctionContext } from '../function-context.ts';
import { sendMessages, useTable } from '../grants.ts';
import { pspAdaptersEnvironment } from '../psp-accounts.ts';
import { activityEnvironment } from './environment.ts';

export class AcceptPayment extends ServingFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { queue, activityTable } = context.data;
    super(scope, id, {
      ...context,
      folder: 'accept-payment',
      description: 'Makes a payment durable and sends its instructions.',
      // Below the gateway's 29 s, so that the caller gets our answer and not the gateway's.
      timeout: Duration.seconds(25),
      memorySize: 1024,
      environment: {
        TAKES_REAL_MONEY: String(context.config.takesRealMoney),
        AMOUNT_CAPS: capsText(context),
        ...pspAdaptersEnvironment(context),
        QUEUE_URL: queue.queueUrl,
        ...activityEnvironment(context),
      },
      grants: [
        ...sendMessages(context.data, queue),
        ...useTable(context.data, activityTable, ['dynamodb:PutItem']),
      ],
    });
  }
}

/** Amounts are text: a JSON number may lose digits past 2^53. */
function capsText({ config }: FunctionContext): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(config.amountCaps).map(([currency, cap]) => [currency, String(cap)])),
  );
}
