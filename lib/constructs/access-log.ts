import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  CfnAccount,
  type IAccessLogDestination,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigateway';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge, OF_ACCOUNT_LOG_ROLE } from '../acknowledgements.ts';
import type { FunctionContext } from '../function-context.ts';
import { allow } from '../grants.ts';

/** One line per request: who, what, how long, what came of it. No body, no header, no query: those hold secrets, and what people are known by. */
export const ACCESS_LOG_FIELDS: Readonly<Record<string, string>> = {
  request_id: '$context.requestId',
  trace_id: '$context.xrayTraceId',
  time: '$context.requestTime',
  address: '$context.identity.sourceIp',
  merchant_id: '$context.authorizer.principalId',
  api_key_id: '$context.authorizer.api_key_id',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  error: '$context.error.responseType',
  latency_ms: '$context.responseLatency',
  function_ms: '$context.integration.latency',
  authorizer_ms: '$context.authorizer.latency',
  response_bytes: '$context.responseLength',
};

/** Where the API's access log goes. */
export class AccessLog extends Construct {
  readonly destination: IAccessLogDestination;
  readonly format = AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS));
  /** What must be there before a stage that logs. */
  readonly account: CfnAccount | undefined;

  constructor(scope: Construct, id: string, { config, data }: FunctionContext) {
    super(scope, id);
    const group = new LogGroup(this, 'Log', {
      encryptionKey: data.key,
      retention: config.logRetention,
      removalPolicy: config.deletionProtection ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.destination = new LogGroupLogDestination(group);
    this.account = config.api.setsAccountLogRole ? this.createAccount() : undefined;
  }

  /**
   * API Gateway writes all logs of an account and region by one role, and takes only one that may write to every group.
   * It is kept when the stack goes: other APIs may log by it meanwhile.
   */
  private createAccount(): CfnAccount {
    const groups = Stack.of(this).formatArn({ service: 'logs', resource: 'log-group:*' });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      inlinePolicies: { Logs: new PolicyDocument({ statements: [allow(ACCOUNT_LOG_ACTIONS, groups)] }) },
    });
    acknowledge(role, OF_ACCOUNT_LOG_ROLE);
    const account = new CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    for (const kept of [role, account]) kept.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return account;
  }
}

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
