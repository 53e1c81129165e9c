import { Duration } from 'aws-cdk-lib';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { TIMING } from '../../domain/payment/timing.ts';

/**
 * The FIFO queue of instructions with its dead-letter queue, in high-throughput mode: limits count per order. Nothing in
 * them is kept when the stack goes: every message can be sent again from the database.
 */
export class InstructionQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.deadLetterQueue = new Queue(this, 'DeadLetters', this.common());
    this.queue = new Queue(this, 'Instructions', {
      ...this.common(),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: TIMING.maxReceiveCount },
    });
  }

  private common() {
    return {
      fifo: true,
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      visibilityTimeout: Duration.seconds(TIMING.visibilityTimeoutSeconds),
      retentionPeriod: Duration.days(TIMING.retentionDays),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    };
  }
}
