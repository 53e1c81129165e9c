import { Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { DUTIES } from '../../adapters/database/set-up/logins.ts';
import { DeploymentTrigger } from '../constructs/deployment-trigger.ts';
import { DATABASE_NAME } from '../constructs/payment-database.ts';
import { PipelineFunction } from '../constructs/pipeline-function.ts';
import type { DataStack } from '../data-stack.ts';
import type { FunctionContext } from '../function-context.ts';
import { runTransactions, useKey } from '../grants.ts';
import { allow } from '../policy-statements.ts';

/** A migration that needs longer would lock a table for longer: split it into smaller ones. */
const TIMEOUT = Duration.minutes(5);

/** Runs during a deployment; migrations are repeatable. */
export class MigrateDatabase extends PipelineFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      ...context,
      folder: 'migrate-database',
      description: 'Sets up the logins and applies pending migrations.',
      timeout: TIMEOUT,
      memorySize: 512,
      environment: environmentOf(context.data),
      grants: grantsOf(context.data),
      copied: { from: 'db/migrations', to: 'migrations' },
    });
  }

  /** These depend on the schema: they are created or changed only after the migrations have succeeded. */
  runBefore(scope: Construct, context: FunctionContext, functions: readonly Construct[]): void {
    new DeploymentTrigger(scope, 'Migrate', {
      ...context,
      handler: this,
      timeout: TIMEOUT,
      before: functions,
    });
  }
}

/** As the master it creates the logins and sets their passwords; it does the rest with the login `migrate`. */
function environmentOf({ database }: DataStack): Record<string, string> {
  const logins = DUTIES.map((duty) => [duty, database.logins.secretOf(duty).secretArn]);
  return {
    DATABASE_CLUSTER_ARN: database.clusterArn,
    DATABASE_NAME,
    MASTER_SECRET_ARN: database.secret.secretArn,
    LOGIN_SECRET_ARNS: JSON.stringify(Object.fromEntries(logins)),
  };
}

function grantsOf(data: DataStack): readonly PolicyStatement[] {
  const { clusterArn, secret, logins } = data.database;
  const secretArns = logins.all().map((login) => login.secretArn);
  return [
    allow(['rds-data:ExecuteStatement'], clusterArn),
    runTransactions(data),
    allow(['secretsmanager:GetSecretValue'], secret.secretArn, ...secretArns),
    useKey(data, 'secretsmanager', ['kms:Decrypt']),
  ];
}
