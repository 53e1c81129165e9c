import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { Construct } from 'constructs';
import { ABILITIES } from '../adapters/psp/abilities.ts';
import { assertTiming, TIMING } from '../domain/payment/timing.ts';
import { DATABASE_NAME } from './constructs/payment-database.ts';
import { PaymentsApi } from './constructs/payments-api.ts';
import { RollOut } from './constructs/roll-out.ts';
import type { FunctionContext } from './function-context.ts';
import { AcceptPayment } from './functions/accept-payment.ts';
import { AuthorizeMerchant } from './functions/authorize-merchant.ts';
import { DescribeApi } from './functions/describe-api.ts';
import { ExecuteInstructions } from './functions/execute-instructions.ts';
import { MeasurePipeline } from './functions/measure-pipeline.ts';
import { MigrateDatabase } from './functions/migrate-database.ts';
import { PurgeExpired, retentionText } from './functions/purge-expired.ts';
import { ReadLedger } from './functions/read-ledger.ts';
import { ReadPayment } from './functions/read-payment.ts';
import { ReceiveEvent } from './functions/receive-event.ts';
import { RedriveDeadLetters } from './functions/redrive-dead-letters.ts';
import { RelayInstructions } from './functions/relay-instructions.ts';
import { RotateDatabaseSecret } from './functions/rotate-database-secret.ts';
import { SweepMovements } from './functions/sweep-movements.ts';
import { Monitoring } from './monitoring/monitoring.ts';

export interface PipelineStackProps extends StackProps, FunctionContext {}

/** Deployed again and again: the functions, the API in front of them, the queue's consumer and the schedules. */
export class PipelineStack extends Stack {
  readonly functions: PipelineFunctions;
  readonly api: RestApi;
  readonly apiUrl: string;
  readonly monitoring: Monitoring;

  constructor(scope: Construct, id: string, { config, data, simulator, ...props }: PipelineStackProps) {
    super(scope, id, { ...props, terminationProtection: config.deletionProtection });
    assertTiming(
      TIMING,
      config.pspAccounts.map(({ adapter }) => ABILITIES[adapter]),
    );
    this.functions = createFunctions(this, { config, data, simulator });
    const { api, url } = new PaymentsApi(this, 'Api', { config, data, ...this.functions });
    this.api = api;
    this.apiUrl = url;
    const context = { config, data };
    const rotateDatabaseSecret = new RotateDatabaseSecret(this, 'RotateDatabaseSecret', context);
    const migrateDatabase = new MigrateDatabase(this, 'MigrateDatabase', context);
    const functions = { ...this.functions, migrateDatabase, rotateDatabaseSecret };
    this.monitoring = new Monitoring(this, 'Monitoring', { ...context, api, functions });
    this.rollOut(context);
    migrateDatabase.runBefore(this, context, [
      ...Object.values(this.functions),
      ...rotateDatabaseSecret.schedules,
    ]);
    this.describeOutputs({ config, data });
  }

  /** Those whose failure buyers notice; a scheduled function catches up with its next run. */
  private rollOut({ config }: FunctionContext): void {
    const {
      authorizeMerchant,
      acceptPayment,
      readPayment,
      readLedger,
      receiveEvent,
      describeApi,
      executeInstructions,
    } = this.functions;
    new RollOut(this, 'RollOut', {
      config,
      alarms: this.monitoring.alarmsOfDeployments,
      functions: [
        authorizeMerchant,
        acceptPayment,
        readPayment,
        readLedger,
        receiveEvent,
        describeApi,
        executeInstructions,
      ],
    });
  }

  /** Read by the operators' commands. */
  private describeOutputs({ config, data }: FunctionContext): void {
    new CfnOutput(this, 'ApiUrl', { value: this.apiUrl });
    new CfnOutput(this, 'TakesRealMoney', { value: String(config.takesRealMoney) });
    new CfnOutput(this, 'AuthorizerCacheSeconds', { value: String(config.api.authorizerCache.toSeconds()) });
    new CfnOutput(this, 'RestoreEpoch', { value: config.restoreEpoch });
    new CfnOutput(this, 'RetentionDays', { value: retentionText(config) });
    new CfnOutput(this, 'QueueUrl', { value: data.queue.queueUrl });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: data.deadLetterQueue.queueUrl });
    new CfnOutput(this, 'ConsumedTableName', { value: data.consumedTable.tableName });
    if (data.activityTable !== undefined) {
      new CfnOutput(this, 'ActivityTableName', { value: data.activityTable.tableName });
    }
    new CfnOutput(this, 'DatabaseClusterArn', { value: data.database.clusterArn });
    new CfnOutput(this, 'DatabaseName', { value: DATABASE_NAME });
    new CfnOutput(this, 'DatabaseSecretArn', {
      description: 'The operators’ login, which the command line uses.',
      value: data.database.logins.secretOf('operate').secretArn,
    });
  }
}

/** The serving functions by name. All of them wait for the migrations. */
export type PipelineFunctions = ReturnType<typeof createFunctions>;

function createFunctions(scope: Construct, context: FunctionContext) {
  return {
    authorizeMerchant: new AuthorizeMerchant(scope, 'AuthorizeMerchant', context),
    acceptPayment: new AcceptPayment(scope, 'AcceptPayment', context),
    readPayment: new ReadPayment(scope, 'ReadPayment', context),
    readLedger: new ReadLedger(scope, 'ReadLedger', context),
    receiveEvent: new ReceiveEvent(scope, 'ReceiveEvent', context),
    describeApi: new DescribeApi(scope, 'DescribeApi', context),
    executeInstructions: new ExecuteInstructions(scope, 'ExecuteInstructions', context),
    relayInstructions: new RelayInstructions(scope, 'RelayInstructions', context),
    measurePipeline: new MeasurePipeline(scope, 'MeasurePipeline', context),
    redriveDeadLetters: new RedriveDeadLetters(scope, 'RedriveDeadLetters', context),
    sweepMovements: new SweepMovements(scope, 'SweepMovements', context),
    purgeExpired: new PurgeExpired(scope, 'PurgeExpired', context),
  };
}
