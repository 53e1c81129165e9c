import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge, OF_FAILED_INVOCATIONS } from '../acknowledgements.ts';

/**
 * Lambda sends a record of each scheduled run that failed or never started to this queue, with its error. People read it: no
 * function receives from it, and an alarm counts the records. A standard queue, since Lambda can't send to a FIFO queue.
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
