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
  /** Each of them rolls a deployment back, unless the stage's pace is without them. */
  readonly alarms: readonly Alarm[];
  /** What is rolled out with care. */
  readonly functions: readonly ServingFunction[];
}

/**
 * A new version serves a part of the requests first; when an alarm goes off meanwhile, the alias goes back by itself. By
 * then the migrations have run, so a version must work with the schema after its own: expand first, contract later.
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
        // Its own policy is all that it may do: the CDK would add a managed one over every function.
        role: role.withoutPolicyUpdates(),
        alarms: isWatched ? [...props.alarms] : [],
        autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: isWatched },
      });
      // A deployment is by the group as this template has it: it moves the alias only when the group is up to date.
      target.alias.node.addDependency(group);
    }
  }

  private createRole(functions: readonly ServingFunction[]): Role {
    // By their names: a reference would have the group wait, by its role, for the aliases that wait for the group.
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
