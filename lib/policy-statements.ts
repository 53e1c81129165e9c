import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';

/** Exactly these actions on exactly these resources. */
export function allow(actions: readonly string[], ...resources: readonly string[]): PolicyStatement {
  return new PolicyStatement({ actions: [...actions], resources: [...resources] });
}

/** The stack creates the group; a function creates streams in it, but no groups. */
export function writeLog(logGroup: ILogGroup): PolicyStatement {
  return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn);
}

/**
 * A service that assumes a role on behalf of this account and no other. AWS documents the condition for Lambda, VPC flow
 * logs and CodeDeploy; API Gateway's role for logs has none, and a role that it can't assume ends all logs of the account.
 */
export function serviceForAccount(scope: IConstruct, service: string): ServicePrincipal {
  return new ServicePrincipal(`${service}.amazonaws.com`, {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });
}
