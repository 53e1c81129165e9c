import { type App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { assertTiming, TIMING } from '../domain/payment/timing.ts';
import { DeadLetterAlarm } from './constructs/dead-letter-alarm.ts';
import { DeploymentTrigger } from './constructs/deployment-trigger.ts';
import { DATABASE_NAME } from './constructs/payment-database.ts';
import { PaymentsApi } from './constructs/payments-api.ts';
import { PipelineFunction } from './constructs/pipeline-function.ts';
import type { DataStack } from './data-stack.ts';
import { allow, runStatements, runTransactions } from './grants.ts';
import type { StageConfig } from './stage-config.ts';

export interface PipelineStackProps {
  readonly config: StageConfig;
  readonly data: DataStack;
}

/** A migration that needs longer is one that locks a table for longer: it is to be cut into smaller ones. */
const MIGRATION_TIMEOUT = Duration.minutes(5);

/** What is deployed again and again: the functions, the API before them, the queue's consumer and the schedule. */
export class PipelineStack extends Stack {
  private readonly config: StageConfig;
  private readonly data: DataStack;

  constructor(app: App, id: string, { config, data }: PipelineStackProps) {
    super(app, id, { terminationProtection: config.deletionProtection });
    this.config = config;
    this.data = data;
    assertTiming(TIMING, []);

    const execute = this.executeInstructions();
    const relay = this.relayInstructions();
    const redrive = this.redriveDeadLetters();
    const functions = {
      authorizeMerchant: this.authorizeMerchant(),
      acceptPayment: this.acceptPayment(),
      readPayment: this.reader('ReadPayment', 'read-payment', 'Shows payments.'),
      readLedger: this.reader('ReadLedger', 'read-ledger', 'Shows wallets and the trial balance.'),
      describeApi: this.describeApi(),
    };
    const { api } = new PaymentsApi(this, 'Api', { config, ...functions });
    this.migrateBefore([execute, relay, redrive, ...Object.values(functions)]);
    this.describeOutputs(api.url);
  }

  /** The schema is there before any function that needs it; migrations are repeatable. */
  private migrateBefore(functions: readonly PipelineFunction[]): void {
    const handler = new PipelineFunction(this, 'MigrateDatabase', {
      config: this.config,
      folder: 'migrate-database',
      description: 'Applies the migrations that the database lacks.',
      timeout: MIGRATION_TIMEOUT,
      memorySize: 512,
      environment: this.databaseEnvironment(),
      grants: runTransactions(this.data),
      copied: { from: 'db/migrations', to: 'migrations' },
    });
    new DeploymentTrigger(this, 'Migrate', {
      config: this.config,
      handler,
      timeout: MIGRATION_TIMEOUT,
      before: functions,
    });
  }

  private authorizeMerchant(): PipelineFunction {
    return new PipelineFunction(this, 'AuthorizeMerchant', {
      config: this.config,
      folder: 'authorize-merchant',
      description: 'Resolves an API key to its merchant.',
      timeout: Duration.seconds(10),
      // CPU comes with memory: below this the cold start grows faster than the price falls.
      memorySize: 512,
      environment: this.databaseEnvironment(),
      grants: runStatements(this.data),
    });
  }

  private acceptPayment(): PipelineFunction {
    const { queue, activityTable } = this.data;
    return new PipelineFunction(this, 'AcceptPayment', {
      config: this.config,
      folder: 'accept-payment',
      description: 'Makes a payment durable and sends its instructions.',
      // Below the gateway's 29 s, so that the caller gets our answer and not the gateway's.
      timeout: Duration.seconds(25),
      memorySize: 1024,
      environment: {
        TAKES_REAL_MONEY: String(this.config.takesRealMoney),
        ...this.databaseEnvironment(),
        QUEUE_URL: queue.queueUrl,
        ...this.activityEnvironment(),
      },
      grants: [
        ...runStatements(this.data),
        allow(['sqs:SendMessage'], queue.queueArn),
        ...(activityTable === undefined ? [] : [allow(['dynamodb:PutItem'], activityTable.tableArn)]),
      ],
    });
  }

  private reader(id: string, folder: string, description: string): PipelineFunction {
    return new PipelineFunction(this, id, {
      config: this.config,
      folder,
      description,
      timeout: Duration.seconds(25),
      memorySize: 512,
      environment: this.databaseEnvironment(),
      grants: runStatements(this.data),
    });
  }

  private describeApi(): PipelineFunction {
    return new PipelineFunction(this, 'DescribeApi', {
      config: this.config,
      folder: 'describe-api',
      description: 'Says that the API serves, and what it takes.',
      timeout: Duration.seconds(5),
      memorySize: 256,
      environment: {},
      grants: [],
    });
  }

  private executeInstructions(): PipelineFunction {
    const { queue, deadLetterQueue, consumedTable } = this.data;
    const execute = new PipelineFunction(this, 'ExecuteInstructions', {
      config: this.config,
      folder: 'execute-instructions',
      description: 'Claims instructions, asks or calls the PSP, records what came of it.',
      timeout: Duration.seconds(TIMING.functionTimeoutSeconds),
      // Ten PSP calls at once, TLS included.
      memorySize: 1024,
      environment: {
        ...this.databaseEnvironment(),
        QUEUE_URL: queue.queueUrl,
        DEAD_LETTER_QUEUE_URL: deadLetterQueue.queueUrl,
        CONSUMED_TABLE_NAME: consumedTable.tableName,
        RESTORE_EPOCH: this.config.restoreEpoch,
        ...this.simulatorEnvironment(),
      },
      grants: [
        ...runStatements(this.data),
        allow(
          [
            'sqs:ReceiveMessage',
            'sqs:DeleteMessage',
            'sqs:GetQueueAttributes',
            'sqs:ChangeMessageVisibility',
          ],
          queue.queueArn,
        ),
        // To the dead-letter queue, never to its own: only accept and relay feed the pipeline.
        allow(['sqs:SendMessage'], deadLetterQueue.queueArn),
        allow(['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem'], consumedTable.tableArn),
      ],
    });
    this.consume(execute);
    return execute;
  }

  /** No batching window: a FIFO queue has none. Batches fill by backlog alone. */
  private consume(execute: IFunction): void {
    new EventSourceMapping(this, 'Instructions', {
      target: execute,
      eventSourceArn: this.data.queue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      maxConcurrency: this.config.executorConcurrency,
    });
  }

  private relayInstructions(): PipelineFunction {
    const { queue, activityTable } = this.data;
    const relay = new PipelineFunction(this, 'RelayInstructions', {
      config: this.config,
      folder: 'relay-instructions',
      description: 'Sends again what shows no sign of life, and what was parked and is due.',
      // Its next run begins a minute later.
      timeout: Duration.seconds(60),
      memorySize: 512,
      environment: {
        ...this.databaseEnvironment(),
        QUEUE_URL: queue.queueUrl,
        ...this.activityEnvironment(),
      },
      grants: [
        ...runStatements(this.data),
        allow(['sqs:SendMessage'], queue.queueArn),
        ...(activityTable === undefined
          ? []
          : [allow(['dynamodb:PutItem', 'dynamodb:BatchGetItem'], activityTable.tableArn)]),
      ],
    });
    new Rule(this, 'EveryMinute', {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(relay)],
    });
    return relay;
  }

  /** An alarm acts on transitions only, so the same function also runs on a schedule. */
  private redriveDeadLetters(): PipelineFunction {
    const { queue, deadLetterQueue, consumedTable } = this.data;
    const redrive = new PipelineFunction(this, 'RedriveDeadLetters', {
      config: this.config,
      folder: 'redrive-dead-letters',
      description: 'Sends dead letters back once what killed them is over.',
      // Below the hold on what it has received, and below the schedule's period.
      timeout: Duration.seconds(90),
      memorySize: 512,
      environment: {
        ...this.databaseEnvironment(),
        QUEUE_URL: queue.queueUrl,
        QUEUE_ARN: queue.queueArn,
        DEAD_LETTER_QUEUE_URL: deadLetterQueue.queueUrl,
        DEAD_LETTER_QUEUE_ARN: deadLetterQueue.queueArn,
        CONSUMED_TABLE_NAME: consumedTable.tableName,
        RESTORE_EPOCH: this.config.restoreEpoch,
      },
      grants: [
        ...runStatements(this.data),
        allow(
          [
            'sqs:StartMessageMoveTask',
            'sqs:ListMessageMoveTasks',
            'sqs:ReceiveMessage',
            'sqs:DeleteMessage',
            'sqs:ChangeMessageVisibility',
            'sqs:GetQueueAttributes',
          ],
          deadLetterQueue.queueArn,
        ),
        allow(['sqs:SendMessage'], queue.queueArn),
        allow(['dynamodb:BatchGetItem'], consumedTable.tableArn),
      ],
    });
    new DeadLetterAlarm(this, 'DeadLettersWait', { deadLetterQueue, redrive });
    new Rule(this, 'EveryFiveMinutes', {
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new LambdaFunction(redrive)],
    });
    return redrive;
  }

  private databaseEnvironment(): Record<string, string> {
    return {
      DATABASE_CLUSTER_ARN: this.data.database.clusterArn,
      DATABASE_SECRET_ARN: this.data.database.secret.secretArn,
      DATABASE_NAME,
    };
  }

  private activityEnvironment(): Record<string, string> {
    const { activityTable } = this.data;
    return activityTable === undefined ? {} : { ACTIVITY_TABLE_NAME: activityTable.tableName };
  }

  /** Nothing answers at these names: the local runtime, or a deployed simulator, puts its own addresses here. */
  private simulatorEnvironment(): Record<string, string> {
    return this.config.takesRealMoney
      ? {}
      : {
          PSP_SIMULATOR_URL: 'https://psp-simulator.invalid',
          PSP_SIMULATOR_2_URL: 'https://psp-simulator-2.invalid',
        };
  }

  private describeOutputs(apiUrl: string): void {
    new CfnOutput(this, 'ApiUrl', { value: apiUrl });
    new CfnOutput(this, 'QueueUrl', { value: this.data.queue.queueUrl });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: this.data.deadLetterQueue.queueUrl });
    new CfnOutput(this, 'ConsumedTableName', { value: this.data.consumedTable.tableName });
    new CfnOutput(this, 'DatabaseClusterArn', { value: this.data.database.clusterArn });
    new CfnOutput(this, 'DatabaseName', { value: DATABASE_NAME });
    new CfnOutput(this, 'DatabaseSecretArn', { value: this.data.database.secret.secretArn });
  }
}
