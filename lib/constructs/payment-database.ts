import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AuroraPostgresEngineVersion,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
} from 'aws-cdk-lib/aws-rds';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { StageConfig } from '../stage-config.ts';

export const DATABASE_NAME = 'oncepay';

/** Aurora PostgreSQL that nothing can reach but the Data API: its subnets have no route out, and no door in. */
export class PaymentDatabase extends Construct {
  readonly clusterArn: string;
  readonly secret: ISecret;

  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id);
    const cluster = new DatabaseCluster(this, 'Cluster', {
      engine: DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.VER_17_4 }),
      // @ts-expect-error: the CDK's own Vpc and IVpc disagree under exactOptionalPropertyTypes.
      vpc: this.createVpc(),
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      ...this.capacity(config),
      credentials: Credentials.fromGeneratedSecret('oncepay'),
      defaultDatabaseName: DATABASE_NAME,
      enableDataApi: true,
      storageEncrypted: true,
      backup: { retention: config.database.backupRetention },
      deletionProtection: config.deletionProtection,
      removalPolicy: config.dataRemovalPolicy,
    });
    const secret = cluster.secret;
    if (secret === undefined) throw new Error('a cluster with generated credentials has a secret');
    this.clusterArn = cluster.clusterArn;
    this.secret = secret;
    // Without its password a retained cluster could not be opened again.
    if (config.dataRemovalPolicy === RemovalPolicy.RETAIN) secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }

  private createVpc(): Vpc {
    return new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'database', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
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
