import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge, OF_ACCOUNT_LOG_ROLE } from '../acknowledgements.ts';
import { allow } from '../policy-statements.ts';

/** As documented for this role. */
export const ACCOUNT_LOG_ACTIONS = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:DescribeLogGroups',
  'logs:DescribeLogStreams',
  'logs:FilterLogEvents',
  'logs:GetLogEvents',
  'logs:PutLogEvents',
];

/**
 * API Gateway writes all logs of an account and region with one role, and accepts only a role that may write to every group.
 * It is set before any API that logs, and kept when the stack is deleted: other APIs may use it.
 */
export class GatewayLogAccount extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const groups = Stack.of(this).formatArn({ service: 'logs', resource: 'log-group:*' });
    const role = new Role(this, 'Role', {
      // Without aws:SourceAccount: AWS documents no such key for this role (see serviceForAccount).
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      inlinePolicies: { Logs: new PolicyDocument({ statements: [allow(ACCOUNT_LOG_ACTIONS, groups)] }) },
    });
    acknowledge(role, OF_ACCOUNT_LOG_ROLE);
    const account = new CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    for (const kept of [role, account]) kept.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }
}
