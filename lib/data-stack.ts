import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Key } from 'aws-cdk-lib/aws-kms';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { EncryptedTable } from './constructs/encrypted-table.ts';
import { FailedInvocations } from './constructs/failed-invocations.ts';
import { GatewayLogAccount } from './constructs/gateway-log-account.ts';
import { InstructionQueue } from './constructs/instruction-queue.ts';
import { PaymentDatabase } from './constructs/payment-database.ts';
import { StageKey } from './constructs/stage-key.ts';
import type { StageConfig } from './stage-config.ts';

export interface DataStackProps extends StackProps {
  readonly config: StageConfig;
  /** The prefix of the stage's stack names. */
  readonly namePrefix: string;
}

/** What outlives every deployment of code: the database, the queues and the record of consumed messages. */
export class DataStack extends Stack {
  /** The prefix of the stage's stack names, and of the names of alarms. */
  readonly namePrefix: string;
  /** Encrypts everything that the stage stores. */
  readonly key: Key;
  readonly database: PaymentDatabase;
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  /** Lambda sends a record of each failed scheduled run to this queue. */
  readonly failedInvocations: Queue;
  readonly consumedTable: TableV2;
  /** Only if the database can pause: tells the relay, without resuming the database, that nothing can be due. */
  readonly activityTable: TableV2 | undefined;

  constructor(scope: Construct, id: string, { config, namePrefix, ...props }: DataStackProps) {
    super(scope, id, { ...props, terminationProtection: config.deletionProtection });
    this.namePrefix = namePrefix;
    this.key = new StageKey(this, 'Key', { config, namePrefix });
    this.database = new PaymentDatabase(this, 'Database', {
      config,
      key: this.key,
      clusterIdentifier: `${namePrefix}data`.toLowerCase(),
    });
    if (config.api.setsAccountLogRole) new GatewayLogAccount(this, 'GatewayLogs');
    const queues = new InstructionQueue(this, 'Queue', this.key);
    this.queue = queues.queue;
    this.deadLetterQueue = queues.deadLetterQueue;
    this.failedInvocations = new FailedInvocations(this, 'FailedInvocations', this.key);
    this.consumedTable = this.createConsumedTable(config);
    this.activityTable = config.database.minCapacity === 0 ? this.createActivityTable() : undefined;
  }

  private createConsumedTable(config: StageConfig): TableV2 {
    const keep =
      config.dataRemovalPolicy === RemovalPolicy.DESTROY ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    return new EncryptedTable(this, 'ConsumedMessages', {
      key: this.key,
      timeToLiveAttribute: 'expires_at',
      deletionProtection: config.deletionProtection,
      removalPolicy: keep,
    });
  }

  private createActivityTable(): TableV2 {
    return new EncryptedTable(this, 'Activity', { key: this.key, removalPolicy: RemovalPolicy.DESTROY });
  }
}
