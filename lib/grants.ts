import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { DataStack } from './data-stack.ts';

/** Exactly these actions on exactly these resources. */
export function allow(actions: readonly string[], ...resources: readonly string[]): PolicyStatement {
  return new PolicyStatement({ actions: [...actions], resources: [...resources] });
}

/** The group is made by the stack: a function makes its streams in it, and no groups. */
export function writeLog(logGroup: ILogGroup): PolicyStatement {
  return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn);
}

/** One statement at a time, as the database user whose secret this is. */
export function runStatements(data: DataStack): readonly PolicyStatement[] {
  return [
    allow(['rds-data:ExecuteStatement'], data.database.clusterArn),
    allow(['secretsmanager:GetSecretValue'], data.database.secret.secretArn),
  ];
}

/** Several statements in one transaction: only the migrations need it. */
export function runTransactions(data: DataStack): readonly PolicyStatement[] {
  return [
    ...runStatements(data),
    allow(
      ['rds-data:BeginTransaction', 'rds-data:CommitTransaction', 'rds-data:RollbackTransaction'],
      data.database.clusterArn,
    ),
  ];
}
