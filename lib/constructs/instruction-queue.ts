import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { TIMING } from '../../domain/payment/timing.ts';
import { acknowledge, OF_DEAD_LETTERS } from '../acknowledgements.ts';

/**
 * The FIFO queue of instructions with its dead-letter queue, in high-throughput mode: limits apply per order. Both are deleted
 * with the stack: every message can be sent again from the database.
 */
export class InstructionQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;

  constructor(scope: Construct, id: string, key: IKey) {
    super(scope, id);
    this.deadLetterQueue = new Queue(this, 'DeadLetters', common(key));
    acknowledge(this.deadLetterQueue, OF_DEAD_LETTERS);
    this.queue = new Queue(this, 'Instructions', {
      ...common(key),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: TIMING.maxReceiveCount },
    });
  }
}

function common(encryptionMasterKey: IKey) {
  return {
    fifo: true,
    deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
    fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    visibilityTimeout: Duration.seconds(TIMING.visibilityTimeoutSeconds),
    retentionPeriod: Duration.days(TIMING.retentionDays),
    encryption: QueueEncryption.KMS,
    encryptionMasterKey,
    // One request to KMS per hour for each sender and receiver; the default is twelve times as many.
    dataKeyReuse: Duration.hours(1),
    enforceSSL: true,
  };
}
