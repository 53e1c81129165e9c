import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge, OF_FAILED_INVOCATIONS } from '../acknowledgements.ts';

/**
 * Where Lambda puts a record of each scheduled run that failed or never started, with its error. It is for people to read:
 * nothing receives from it, and an alarm counts what comes in. A standard queue, since Lambda sends to no FIFO queue.
 */
export class FailedInvocations extends Queue {
  constructor(scope: Construct, id: string, encryptionMasterKey: IKey) {
    super(scope, id, {
      // The longest that SQS keeps a message.
      retentionPeriod: Duration.days(14),
      encryption: QueueEncryption.KMS,
      encryptionMasterKey,
      enforceSSL: true,
    });
    acknowledge(this, OF_FAILED_INVOCATIONS);
  }
}
