import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IVpc, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { ClusterInstance, Credentials, DatabaseCluster, DatabaseSecret } from 'aws-cdk-lib/aws-rds';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge, OF_ROTATED_SECRET, OF_UNPROTECTED_CLUSTER, OF_VPC } from '../acknowledgements.ts';
import type { StageConfig } from '../stage-config.ts';
import { ClusterLog, ENGINE } from './cluster-log.ts';
import { DatabaseLogins } from './database-logins.ts';
import { NetworkFlowLog } from './network-flow-log.ts';

export const DATABASE_NAME = 'oncepay';
const MASTER_USER = 'oncepay';

export interface PaymentDatabaseProps {
  readonly config: StageConfig;
  readonly key: IKey;
  /** The cluster's name. AWS refuses a second cluster with the same name, so a deployment can't replace the database unnoticed. */
  readonly clusterIdentifier: string;
}

/** Aurora PostgreSQL that only the Data API can reach: its subnets have no route and its security group has no rule. */
export class PaymentDatabase extends Construct {
  readonly clusterArn: string;
  /** Its name in the metrics' dimension. */
  readonly clusterIdentifier: string;
  /** The master's, used only to set up the logins. Attached to the cluster, so that what depends on it waits for the cluster. */
  readonly secret: ISecret;
  readonly logins: DatabaseLogins;

  constructor(scope: Construct, id: string, { config, key, clusterIdentifier }: PaymentDatabaseProps) {
    super(scope, id);
    const vpc = this.createVpc();
    new NetworkFlowLog(this, 'FlowLog', { config, key, vpc });
    const log = new ClusterLog(this, 'Log', { config, key, clusterIdentifier });
    const cluster = new DatabaseCluster(this, 'Cluster', {
      clusterIdentifier,
      engine: ENGINE,
      parameterGroup: log.parameterGroup,
      cloudwatchLogsExports: ['postgresql'],
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [this.createSecurityGroup(vpc)],
      ...this.capacity(config),
      credentials: Credentials.fromSecret(this.createSecret(config, key), MASTER_USER),
      defaultDatabaseName: DATABASE_NAME,
      enableDataApi: true,
      // Nothing connects this way yet; an operator who must needs no password.
      iamAuthentication: true,
      storageEncryptionKey: key,
      backup: { retention: config.database.backupRetention },
      deletionProtection: config.deletionProtection,
      removalPolicy: config.dataRemovalPolicy,
    });
    cluster.node.addDependency(log.group);
    if (!config.deletionProtection) acknowledge(cluster, OF_UNPROTECTED_CLUSTER);
    if (cluster.secret === undefined) throw new Error('a cluster made with a secret attaches itself to it');
    this.clusterArn = cluster.clusterArn;
    this.clusterIdentifier = clusterIdentifier;
    this.secret = cluster.secret;
    this.logins = new DatabaseLogins(this, 'Logins', { config, key });
  }

  private createSecret(config: StageConfig, encryptionKey: IKey): ISecret {
    const secret = new DatabaseSecret(this, 'Secret', { username: MASTER_USER, encryptionKey });
    acknowledge(secret, OF_ROTATED_SECRET);
    // Without its password nobody could open a retained cluster again.
    if (config.dataRemovalPolicy === RemovalPolicy.RETAIN) secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    // @ts-expect-error: as with the VPC, DatabaseSecret and ISecret.
    return secret;
  }

  private createVpc(): IVpc {
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'database', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    });
    acknowledge(vpc, OF_VPC);
    // @ts-expect-error: the CDK's own Vpc and IVpc disagree under exactOptionalPropertyTypes.
    return vpc;
  }

  private createSecurityGroup(vpc: IVpc): SecurityGroup {
    return new SecurityGroup(this, 'NoIngress', {
      vpc,
      description: 'No rule in, no rule out: the Data API does not come through the network.',
      allowAllOutbound: false,
    });
  }

  private capacity({ database }: StageConfig) {
    return {
      writer: ClusterInstance.serverlessV2('Writer'),
      readers: database.hasStandby
        ? [ClusterInstance.serverlessV2('Standby', { scaleWithWriter: true })]
        : [],
      serverlessV2MinCapacity: database.minCapacity,
      serverlessV2MaxCapacity: database.maxCapacity,
      ...pause(database.pauseAfter),
    };
  }
}

function pause(after: Duration | undefined): { serverlessV2AutoPauseDuration: Duration } | object {
  return after === undefined ? {} : { serverlessV2AutoPauseDuration: after };
}
