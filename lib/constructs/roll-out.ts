import { Stack } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type ILambdaDeploymentConfig,
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
} from 'aws-cdk-lib/aws-codedeploy';
import { PolicyDocument, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge, OF_ROLL_OUT_ROLE } from '../acknowledgements.ts';
import { allow, serviceForAccount } from '../policy-statements.ts';
import type { RollOutPace, StageConfig } from '../stage-config.ts';
import type { ServingFunction } from './serving-function.ts';

export interface RollOutProps {
  readonly config: StageConfig;
  /** Each of them rolls a deployment back, unless the stage's pace ignores alarms. */
  readonly alarms: readonly Alarm[];
  /** The functions that are rolled out gradually. */
  readonly functions: readonly ServingFunction[];
}

/**
 * A new version first serves a share of the requests; if an alarm goes off meanwhile, CodeDeploy moves the alias back. By
 * then the migrations have run, so a version must work with the next version's schema: expand first, contract later.
 */
export class RollOut extends Construct {
  constructor(scope: Construct, id: string, props: RollOutProps) {
    super(scope, id);
    const application = new LambdaApplication(this, 'Application');
    const role = this.createRole(props.functions);
    const isWatched = props.config.rollOut !== 'at-once-without-alarms';
    for (const target of props.functions) {
      const group = new LambdaDeploymentGroup(this, target.node.id, {
        application,
        alias: target.alias,
        deploymentConfig: PACES[props.config.rollOut],
        // Only its own policy: the CDK would add a managed one for every function.
        role: role.withoutPolicyUpdates(),
        alarms: isWatched ? [...props.alarms] : [],
        autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: isWatched },
      });
      // A deployment uses the group as this template defines it: the alias moves only after the group is up to date.
      target.alias.node.addDependency(group);
    }
  }

  private createRole(functions: readonly ServingFunction[]): Role {
    // By name: a reference would be circular, since the group would depend, through its role, on the aliases that depend on the group.
    const aliases = functions.map(({ alias, functionArn }) => `${functionArn}:${alias.aliasName}`);
    const named = functions.map(({ functionArn }) => functionArn);
    const role = new Role(this, 'Role', {
      assumedBy: serviceForAccount(this, 'codedeploy'),
      inlinePolicies: {
        RollOut: new PolicyDocument({
          statements: [
            allow(
              ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
              ...named,
              ...aliases,
            ),
            allow(
              ['cloudwatch:DescribeAlarms'],
              Stack.of(this).formatArn({ service: 'cloudwatch', resource: 'alarm:*' }),
            ),
          ],
        }),
      },
    });
    acknowledge(role, OF_ROLL_OUT_ROLE);
    return role;
  }
}

const PACES: Readonly<Record<RollOutPace, ILambdaDeploymentConfig>> = {
  'all-at-once': LambdaDeploymentConfig.ALL_AT_ONCE,
  'a-tenth-for-5-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  'a-tenth-for-15-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
  'at-once-without-alarms': LambdaDeploymentConfig.ALL_AT_ONCE,
};
