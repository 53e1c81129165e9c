import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { InstructionQueue } from './constructs/instruction-queue.ts';
import { PaymentDatabase } from './constructs/payment-database.ts';
import type { StageConfig } from './stage-config.ts';

export interface DataStackProps extends StackProps {
  readonly config: StageConfig;
}

/** What outlives every deployment of code: the database, the queues and the record of consumed messages. */
export class DataStack extends Stack {
  readonly database: PaymentDatabase;
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  readonly consumedTable: TableV2;
  /** Only where the database sleeps: lets the relay know, without waking it, that nothing can be due. */
  readonly activityTable: TableV2 | undefined;

  constructor(scope: Construct, id: string, { config, ...props }: DataStackProps) {
    super(scope, id, { ...props, terminationProtection: config.deletionProtection });
    this.database = new PaymentDatabase(this, 'Database', config);
    const queues = new InstructionQueue(this, 'Queue');
    this.queue = queues.queue;
    this.deadLetterQueue = queues.deadLetterQueue;
    this.consumedTable = this.createConsumedTable(config);
    this.activityTable = config.database.minCapacity === 0 ? this.createActivityTable() : undefined;
  }

  private createConsumedTable(config: StageConfig): TableV2 {
    const keep =
      config.dataRemovalPolicy === RemovalPolicy.DESTROY ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    return new TableV2(this, 'ConsumedMessages', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expires_at',
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: config.deletionProtection,
      removalPolicy: keep,
    });
  }

  private createActivityTable(): TableV2 {
    return new TableV2(this, 'Activity', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
