import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DeploymentTrigger } from '../constructs/deployment-trigger.ts';
import { PipelineFunction } from '../constructs/pipeline-function.ts';
import { runTransactions } from '../grants.ts';
import { databaseEnvironment } from './environment.ts';
import type { FunctionContext } from './function-context.ts';

/** A migration that needs longer is one that locks a table for longer: it is to be cut into smaller ones. */
const TIMEOUT = Duration.minutes(5);

/** Runs while the stack is deployed; migrations are repeatable. */
export class MigrateDatabase extends PipelineFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      ...context,
      folder: 'migrate-database',
      description: 'Applies the migrations that the database lacks.',
      timeout: TIMEOUT,
      memorySize: 512,
      environment: databaseEnvironment(context),
      grants: runTransactions(context.data),
      copied: { from: 'db/migrations', to: 'migrations' },
    });
  }

  /** The schema is there before any of these: they are made or changed only once the migrations have succeeded. */
  runBefore(scope: Construct, context: FunctionContext, functions: readonly Construct[]): void {
    new DeploymentTrigger(scope, 'Migrate', {
      ...context,
      handler: this,
      timeout: TIMEOUT,
      before: functions,
    });
  }
}
