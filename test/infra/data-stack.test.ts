import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { DUTIES } from '../../adapters/database/set-up/logins.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { STAGES } from '../../lib/stage-config.ts';
import { only, resourcesOf, synthesized } from '../support/synthesized.ts';

/** As other resources of the stack name the key. */
function keyOf(data: Template) {
  const [key] = resourcesOf(data, 'AWS::KMS::Key').keys();
  return { 'Fn::GetAtt': [key, 'Arn'] };
}

describe.each(STAGES)('the data of %s', (stage) => {
  const { data, config } = synthesized(stage);

  test('is in an encrypted Aurora PostgreSQL 17 that the Data API reaches', () => {
    data.hasResourceProperties('AWS::RDS::DBCluster', {
      Engine: 'aurora-postgresql',
      EngineVersion: Match.stringLikeRegexp('^17\\.'),
      DatabaseName: 'oncepay',
      EnableHttpEndpoint: true,
      StorageEncrypted: true,
      KmsKeyId: keyOf(data),
      ServerlessV2ScalingConfiguration: Match.objectLike({ MinCapacity: config.database.minCapacity }),
    });
  });

  test('has no public instance, no way out of its network and no way in', () => {
    for (const instance of resourcesOf(data, 'AWS::RDS::DBInstance').values()) {
      expect(instance.Properties.PubliclyAccessible).toBe(false);
    }
    for (const type of ['NatGateway', 'InternetGateway', 'Route', 'VPCEndpoint', 'SecurityGroupIngress']) {
      data.resourceCountIs(`AWS::EC2::${type}`, 0);
    }
    const { Properties: securityGroup } = only(data, 'AWS::EC2::SecurityGroup');
    expect(securityGroup.SecurityGroupIngress).toBeUndefined();
    expect(securityGroup.SecurityGroupEgress).toEqual([
      expect.objectContaining({ CidrIp: '255.255.255.255/32' }),
    ]);
  });

  test('goes through two FIFO queues with limits per payment order', () => {
    const fifo = [...resourcesOf(data, 'AWS::SQS::Queue').values()].filter(
      ({ Properties }) => Properties.FifoQueue,
    );
    expect(fifo).toHaveLength(2);
    for (const { Properties } of fifo) {
      expect(Properties).toMatchObject({
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
        MessageRetentionPeriod: TIMING.retentionDays * 86_400,
        KmsMasterKeyId: keyOf(data),
        KmsDataKeyReusePeriodSeconds: 3_600,
      });
      expect(Properties.ContentBasedDeduplication).toBeUndefined();
    }
  });

  test('stays invisible for V while it is executed, and goes to the dead letters after 20 receives', () => {
    data.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 180,
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('DeadLetters'), 'Arn'] },
        maxReceiveCount: 20,
      },
    });
  });

  test('is refused at a queue without TLS', () => {
    data.resourceCountIs('AWS::SQS::QueuePolicy', 3);
    data.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: Match.objectLike({
        Statement: [
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ],
      }),
    });
  });

  test('is marked as consumed in a table that can be restored, by one text key, until it expires', () => {
    data.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
      Replicas: [
        Match.objectLike({
          DeletionProtectionEnabled: config.deletionProtection,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          SSESpecification: { KMSMasterKeyId: keyOf(data) },
        }),
      ],
    });
  });
});

describe.each(STAGES)('the database of %s', (stage) => {
  const { data, config } = synthesized(stage);

  test('logs connections and failures, never a statement or a row, for the stage’s retention', () => {
    const name = `oncepay-${stage}-data`;
    data.hasResourceProperties('AWS::RDS::DBCluster', {
      DBClusterIdentifier: name,
      EnableCloudwatchLogsExports: ['postgresql'],
    });
    data.hasResourceProperties('AWS::RDS::DBClusterParameterGroup', {
      Parameters: Match.objectLike({ log_min_error_statement: 'panic', log_error_verbosity: 'terse' }),
    });
    data.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: `/aws/rds/cluster/${name}/postgresql`,
      RetentionInDays: config.logRetention,
    });
  });

  test('logs every connection in its network', () => {
    data.hasResourceProperties('AWS::EC2::FlowLog', { ResourceType: 'VPC', TrafficType: 'ALL' });
  });
});

describe.each(STAGES)('the key of %s', (stage) => {
  const { data, pipeline } = synthesized(stage);

  test('is one, and is rotated', () => {
    data.resourceCountIs('AWS::KMS::Key', 1);
    data.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    pipeline.resourceCountIs('AWS::KMS::Key', 0);
  });

  test('encrypts every secret and every log', () => {
    data.allResourcesProperties('AWS::SecretsManager::Secret', { KmsKeyId: keyOf(data) });
    const logs = [...resourcesOf(pipeline, 'AWS::Logs::LogGroup').values()];
    for (const { Properties } of logs)
      expect(Properties.KmsKeyId).toEqual({ 'Fn::ImportValue': expect.stringMatching(/Key.*Arn/) });
  });

  test('outlives what it encrypts', () => {
    const outlives = stage === 'dev' ? 'Delete' : 'Retain';
    expect(only(data, 'AWS::KMS::Key').DeletionPolicy).toBe(outlives);
  });

  test('lets CloudWatch use it for the logs and the alarms of this stage alone', () => {
    const { Statement } = only(data, 'AWS::KMS::Key').Properties.KeyPolicy as {
      Statement: { Sid?: string; Condition: unknown }[];
    };
    const conditions = Statement.filter(({ Sid }) => Sid !== undefined).map(({ Condition }) =>
      JSON.stringify(Condition),
    );
    expect(conditions).toHaveLength(2);
    for (const condition of conditions) expect(condition).toContain(`:Oncepay-${stage}-*`);
  });
});

describe('in prod, money', () => {
  const { data } = synthesized('prod');

  test.each(['AWS::RDS::DBCluster', 'AWS::DynamoDB::GlobalTable'])('in %s is kept and protected', (type) => {
    const {
      Properties: properties,
      DeletionPolicy,
      UpdateReplacePolicy,
    } = only(data, type) as never as {
      Properties: unknown;
      DeletionPolicy: string;
      UpdateReplacePolicy: string;
    };
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    expect(JSON.stringify(properties)).toMatch(/"DeletionProtection(Enabled)?":true/);
  });

  test('stays reachable: the passwords outlive the stack as the cluster does', () => {
    const secrets = [...resourcesOf(data, 'AWS::SecretsManager::Secret').values()];
    expect(secrets).toHaveLength(1 + DUTIES.length);
    for (const secret of secrets) expect(secret.DeletionPolicy).toBe('Retain');
  });

  test('has a standby and backups for 35 days', () => {
    data.resourceCountIs('AWS::RDS::DBInstance', 2);
    data.hasResourceProperties('AWS::RDS::DBCluster', { BackupRetentionPeriod: 35 });
  });
});

describe('a database that pauses', () => {
  test('pauses after five idle minutes, and its stage has a table so that the relay need not resume it', () => {
    const { data } = synthesized('dev');
    data.hasResourceProperties('AWS::RDS::DBCluster', {
      ServerlessV2ScalingConfiguration: { MinCapacity: 0, MaxCapacity: 2, SecondsUntilAutoPause: 300 },
    });
    data.resourceCountIs('AWS::DynamoDB::GlobalTable', 2);
  });

  test.each(['staging', 'prod'] as const)('is not in %s', (stage) => {
    const { data } = synthesized(stage);
    data.hasResourceProperties('AWS::RDS::DBCluster', {
      ServerlessV2ScalingConfiguration: Match.objectLike({
        MinCapacity: 0.5,
        SecondsUntilAutoPause: Match.absent(),
      }),
    });
    data.resourceCountIs('AWS::DynamoDB::GlobalTable', 1);
  });
});
