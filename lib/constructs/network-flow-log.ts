import { RemovalPolicy } from 'aws-cdk-lib';
import { FlowLog, FlowLogDestination, FlowLogResourceType, type IVpc } from 'aws-cdk-lib/aws-ec2';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge, OF_OWN_POLICY } from '../acknowledgements.ts';
import { serviceForAccount } from '../policy-statements.ts';
import type { StageConfig } from '../stage-config.ts';

export interface NetworkFlowLogProps {
  readonly config: StageConfig;
  readonly key: IKey;
  readonly vpc: IVpc;
}

/** The connections within the database's network. There should be none: every line is a finding. */
export class NetworkFlowLog extends Construct {
  constructor(scope: Construct, id: string, { config, key, vpc }: NetworkFlowLogProps) {
    super(scope, id);
    const group = new LogGroup(this, 'Group', {
      encryptionKey: key,
      retention: config.logRetention,
      removalPolicy: config.deletionProtection ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: serviceForAccount(this, 'vpc-flow-logs') });
    acknowledge(role, OF_OWN_POLICY);
    new FlowLog(this, 'Flows', {
      resourceType: FlowLogResourceType.fromVpc(vpc),
      destination: FlowLogDestination.toCloudWatchLogs(group, role),
    });
  }
}
