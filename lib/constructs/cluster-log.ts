import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  AuroraPostgresEngineVersion,
  DatabaseClusterEngine,
  type IParameterGroup,
  ParameterGroup,
} from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import type { StageConfig } from '../stage-config.ts';

export const ENGINE = DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.VER_17_7 });

export interface ClusterLogProps {
  readonly config: StageConfig;
  readonly key: IKey;
  /** The cluster's, known before it exists: the log group is created first, or RDS would create one that is kept for ever. */
  readonly clusterIdentifier: string;
}

/** The database's own log, exported: connections and failures, but no statement and no row. */
export class ClusterLog extends Construct {
  readonly group: LogGroup;
  readonly parameterGroup: IParameterGroup;

  constructor(scope: Construct, id: string, { config, key, clusterIdentifier }: ClusterLogProps) {
    super(scope, id);
    this.group = new LogGroup(this, 'Group', {
      logGroupName: `/aws/rds/cluster/${clusterIdentifier}/postgresql`,
      encryptionKey: key,
      retention: config.logRetention,
      removalPolicy: config.deletionProtection ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.parameterGroup = new ParameterGroup(this, 'Settings', {
      engine: ENGINE,
      description: 'Logs connections and failures, never a statement or a value.',
      parameters: {
        log_connections: '1',
        log_disconnections: '1',
        // Omits the failing statement and the row that a constraint's error quotes.
        log_min_error_statement: 'panic',
        log_error_verbosity: 'terse',
        log_statement: 'none',
        'rds.force_ssl': '1',
      },
    });
  }
}
