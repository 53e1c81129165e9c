import { Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { ScheduledFunction } from '../constructs/scheduled-function.ts';
import type { DataStack } from '../data-stack.ts';
import type { FunctionContext } from '../function-context.ts';
import { receiveMessages, sendMessages, useTable } from '../grants.ts';

/** Invoked by the dead letters' alarm. An alarm acts only on transitions, so it also runs on a schedule. */
export class RedriveDeadLetters extends ScheduledFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { queue, deadLetterQueue, consumedTable } = context.data;
    super(scope, id, {
      ...context,
      folder: 'redrive-dead-letters',
      description: 'Sends dead letters back once their cause is over.',
      period: Duration.minutes(5),
      // Below the hold on what it has received, and below the schedule's period.
      timeout: Duration.seconds(90),
      memorySize: 512,
      environment: {
        QUEUE_URL: queue.queueUrl,
        DEAD_LETTER_QUEUE_URL: deadLetterQueue.queueUrl,
        CONSUMED_TABLE_NAME: consumedTable.tableName,
        RESTORE_EPOCH: context.config.restoreEpoch,
      },
      grants: grantsOf(context.data),
    });
  }
}

function grantsOf(data: DataStack): readonly PolicyStatement[] {
  return [
    ...receiveMessages(data, data.deadLetterQueue, [
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:GetQueueAttributes',
    ]),
    ...sendMessages(data, data.queue),
    ...useTable(data, data.consumedTable, ['dynamodb:BatchGetItem']),
  ];
}
