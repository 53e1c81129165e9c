import { ACCOUNT_LOG_ACTIONS } from '../../lib/constructs/gateway-log-account.ts';

/** A wildcard that a policy may hold. */
export interface WildcardException {
  readonly effect: 'Allow' | 'Deny';
  /** The type of resource that has the policy; any where it is left out. */
  readonly heldByType?: string;
  readonly actions: readonly string[];
  /** How the resource ends; an empty text where the wildcard is in the actions alone. */
  readonly resourceEndsWith: string;
}

/** Each with the reason that a reviewer accepts. Every other wildcard is refused, and so is an exception that is not used. */
export const WILDCARD_EXCEPTIONS: readonly WildcardException[] = [
  // The streams of the function’s own log group; Lambda names them at run time.
  {
    effect: 'Allow',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resourceEndsWith: ':*',
  },
  // Lambda sends traces by the function’s role; X-Ray has no resources that a policy could name.
  {
    effect: 'Allow',
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
    resourceEndsWith: '*',
  },
  // The versions of the one migration function; the deployment makes a new one whenever it changes.
  {
    effect: 'Allow',
    actions: ['lambda:InvokeFunction'],
    resourceEndsWith: ':*',
  },
  // The streams of the network’s own log group; the service names them, one for each interface.
  {
    effect: 'Allow',
    actions: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
    resourceEndsWith: ':*',
  },
  // CodeDeploy reads the state of the alarms that roll a deployment back; it changes none.
  {
    effect: 'Allow',
    heldByType: 'AWS::IAM::Role',
    actions: ['cloudwatch:DescribeAlarms'],
    resourceEndsWith: ':alarm:*',
  },
  // API Gateway’s role for the logs of all APIs of the account: it refuses one that may not write to every group.
  {
    effect: 'Allow',
    heldByType: 'AWS::IAM::Role',
    actions: ACCOUNT_LOG_ACTIONS,
    resourceEndsWith: ':log-group:*',
  },
  // The key’s own policy, where the resource is that key: it leaves the account’s policies to decide.
  {
    effect: 'Allow',
    heldByType: 'AWS::KMS::Key',
    actions: ['kms:*'],
    resourceEndsWith: '*',
  },
  // The key’s own policy: CloudWatch Logs, for the groups of this stage alone; its documentation’s own list.
  {
    effect: 'Allow',
    heldByType: 'AWS::KMS::Key',
    actions: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
    resourceEndsWith: '*',
  },
  // The key’s own policy: this account’s alarms, publishing to their encrypted topic.
  {
    effect: 'Allow',
    heldByType: 'AWS::KMS::Key',
    actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
    resourceEndsWith: '*',
  },
  // The key’s own policy, which the CDK writes for secrets: this account, whose policies decide, through Secrets Manager.
  {
    effect: 'Allow',
    heldByType: 'AWS::KMS::Key',
    actions: [
      'kms:CreateGrant',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey*',
      'kms:ReEncrypt*',
    ],
    resourceEndsWith: '*',
  },
  // Whatever comes without TLS is refused: a denial is as wide as it can be.
  {
    effect: 'Deny',
    actions: ['sqs:*'],
    resourceEndsWith: '',
  },
  // Whatever comes without TLS is refused; the resource is the table that has the policy.
  {
    effect: 'Deny',
    heldByType: 'AWS::DynamoDB::GlobalTable',
    actions: ['dynamodb:*'],
    resourceEndsWith: '*',
  },
];
