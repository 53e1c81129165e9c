import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { OperationalAlarm, SILENCE_IS_FINE } from './operational-alarm.ts';

export interface DeadLetterAlarmProps {
  readonly deadLetterQueue: IQueue;
  /** Invoked when the first dead letter shows. */
  readonly redrive: IFunction;
}

/**
 * Something lies in the dead-letter queue. Its visible messages are watched, since `NumberOfMessagesSent` misses what
 * SQS moves by itself; a queue that nobody used for hours sends no data, which is no alarm.
 */
export class DeadLetterAlarm extends Construct {
  constructor(scope: Construct, id: string, { deadLetterQueue, redrive }: DeadLetterAlarmProps) {
    super(scope, id);
    const alarm = new OperationalAlarm(this, 'Alarm', {
      impact:
        'Payments wait in the dead-letter queue: their buyers may have been charged without an order that says so. Redrive runs by itself.',
      runbook: 'dead-letters-wait',
      metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: Stats.MAXIMUM,
      }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: SILENCE_IS_FINE,
    });
    alarm.addAlarmAction(new LambdaAction(redrive));
  }
}
