import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { StageConfig } from '../stage-config.ts';

export interface StageKeyProps {
  readonly config: StageConfig;
  /** The prefix of the stage's stack names, and of the names of their resources. */
  readonly namePrefix: string;
}

/**
 * The stage's only key, rotated every year: for the database and its snapshots, the queues, the tables, the secrets, the
 * logs and the alarms' topic. Its policy names the two services that use it without a role of ours; every other caller needs
 * a grant in its own policy.
 */
export class StageKey extends Key {
  constructor(scope: Construct, id: string, { config, namePrefix }: StageKeyProps) {
    super(scope, id, {
      alias: `alias/${namePrefix.toLowerCase()}data`,
      description: `Everything that the stage ${config.stage} of Oncepay stores.`,
      enableKeyRotation: true,
      // Data that outlives the stack, including a snapshot, can't be read without it.
      removalPolicy:
        config.dataRemovalPolicy === RemovalPolicy.DESTROY ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    this.addToResourcePolicy(encryptLogs(Stack.of(this), namePrefix));
    this.addToResourcePolicy(publishAlarms(Stack.of(this), namePrefix));
  }
}

/** CloudWatch Logs encrypts as a service, for the groups named here. */
function encryptLogs(stack: Stack, namePrefix: string): PolicyStatement {
  const groups = [
    namePrefix,
    `aws-waf-logs-${namePrefix}`,
    `/aws/rds/cluster/${namePrefix.toLowerCase()}`,
  ].map((name) => stack.formatArn({ service: 'logs', resource: `log-group:${name}*` }));
  return new PolicyStatement({
    sid: 'EncryptLogs',
    principals: [new ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
    actions: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
    resources: ['*'],
    conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
  });
}

/** An alarm publishes to an encrypted topic as the CloudWatch service, not with a role. */
function publishAlarms(stack: Stack, namePrefix: string): PolicyStatement {
  return new PolicyStatement({
    sid: 'PublishAlarms',
    principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
    resources: ['*'],
    conditions: {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: {
        'aws:SourceArn': stack.formatArn({ service: 'cloudwatch', resource: `alarm:${namePrefix}*` }),
      },
    },
  });
}
