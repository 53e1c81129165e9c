import { Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { TIMING } from '../../domain/payment/timing.ts';
import { acknowledge, OF_EVENT_SOURCE } from '../acknowledgements.ts';
import { ServingFunction } from '../constructs/serving-function.ts';
import type { FunctionContext } from '../function-context.ts';
import { receiveMessages, sendMessages, useTable } from '../grants.ts';
import { pspAccountsEnvironment, readPspSecrets } from '../psp-accounts.ts';

/** The queue's consumer. */
export class ExecuteInstructions extends ServingFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { queue, deadLetterQueue, consumedTable } = context.data;
    super(scope, id, {
      ...context,
      folder: 'execute-instructions',
      description: 'Claims instructions, looks up or charges at the PSP, records the outcomes.',
      timeout: Duration.seconds(TIMING.functionTimeoutSeconds),
      // Ten PSP calls at once, TLS included.
      memorySize: 1024,
      environment: {
        QUEUE_URL: queue.queueUrl,
        DEAD_LETTER_QUEUE_URL: deadLetterQueue.queueUrl,
        CONSUMED_TABLE_NAME: consumedTable.tableName,
        RESTORE_EPOCH: context.config.restoreEpoch,
        ...pspAccountsEnvironment(context),
      },
      grants: grantsOf(context),
    });
    this.consume(context);
  }

  /** No batching window: a FIFO queue has none. Only a backlog fills batches. */
  private consume({ config, data }: FunctionContext): void {
    const source = new EventSourceMapping(this, 'Instructions', {
      target: this.live,
      eventSourceArn: data.queue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      maxConcurrency: config.executorConcurrency,
    });
    acknowledge(source, OF_EVENT_SOURCE);
  }
}

function grantsOf(context: FunctionContext): readonly PolicyStatement[] {
  const { data } = context;
  return [
    ...receiveMessages(data, data.queue, [
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:ChangeMessageVisibility',
    ]),
    // To the dead-letter queue, never to its own: only accept and relay feed the pipeline.
    ...sendMessages(data, data.deadLetterQueue),
    ...useTable(data, data.consumedTable, ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem']),
    ...readPspSecrets(context),
  ];
}
