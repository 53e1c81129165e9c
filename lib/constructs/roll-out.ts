import { Duration, Stack } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { type Alarm, ComparisonOperator, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type ILambdaDeploymentConfig,
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
} from 'aws-cdk-lib/aws-codedeploy';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge, OF_ROLL_OUT_ROLE } from '../acknowledgements.ts';
import { allow } from '../grants.ts';
import type { RollOutPace, StageConfig } from '../stage-config.ts';
import { OperationalAlarm, SILENCE_IS_FINE } from './operational-alarm.ts';
import type { ServingFunction } from './serving-function.ts';

export interface RollOutProps {
  readonly config: StageConfig;
  readonly api: RestApi;
  readonly executor: ServingFunction;
  /** What is rolled out with care; the executor among them. */
  readonly functions: readonly ServingFunction[];
}

/** More than a caller's bad luck in a minute: one in a hundred at the least rate that a stage is worth having for. */
const SERVER_ERRORS_A_MINUTE = 5;
/** One execution may die by Lambda's own doing; three in a minute do not. */
const EXECUTION_ERRORS_A_MINUTE = 3;

/**
 * A new version serves a part of the requests first; when an alarm goes off meanwhile, the alias goes back by itself. By
 * then the migrations have run, so a version must work with the schema after its own: expand first, contract later.
 */
export class RollOut extends Construct {
  constructor(scope: Construct, id: string, props: RollOutProps) {
    super(scope, id);
    const application = new LambdaApplication(this, 'Application');
    const role = this.createRole(props.functions);
    const alarms = [this.watchApi(props.api), this.watchExecutor(props.executor)];
    for (const target of props.functions) {
      new LambdaDeploymentGroup(this, target.node.id, {
        application,
        alias: target.alias,
        deploymentConfig: PACES[props.config.rollOut],
        // Its own policy is all that it may do: the CDK would add a managed one over every function.
        role: role.withoutPolicyUpdates(),
        alarms,
        autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
      });
    }
  }

  private createRole(functions: readonly ServingFunction[]): Role {
    const aliases = functions.map(({ live }) => live.functionArn);
    const named = functions.map(({ functionArn }) => functionArn);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('codedeploy.amazonaws.com'),
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

  private watchApi(api: RestApi): Alarm {
    return new OperationalAlarm(this, 'ServerErrors', {
      impact:
        'The API answers with errors of its own: buyers see checkouts fail, and may try again. A deployment under way is rolled back by itself.',
      runbook: 'deployment-rolled-back',
      metric: api.metricServerError({ period: Duration.minutes(1), statistic: Stats.SUM }),
      threshold: SERVER_ERRORS_A_MINUTE,
      ...IN_ONE_MINUTE,
    });
  }

  private watchExecutor(executor: ServingFunction): Alarm {
    return new OperationalAlarm(this, 'ExecutionErrors', {
      impact:
        'Executions of instructions die: their payments wait three minutes each time before they go on. A deployment under way is rolled back by itself.',
      runbook: 'deployment-rolled-back',
      metric: executor.metricErrors({ period: Duration.minutes(1), statistic: Stats.SUM }),
      threshold: EXECUTION_ERRORS_A_MINUTE,
      ...IN_ONE_MINUTE,
    });
  }
}

const IN_ONE_MINUTE = {
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  evaluationPeriods: 1,
  treatMissingData: SILENCE_IS_FINE,
};

const PACES: Readonly<Record<RollOutPace, ILambdaDeploymentConfig>> = {
  'all-at-once': LambdaDeploymentConfig.ALL_AT_ONCE,
  'a-tenth-for-5-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  'a-tenth-for-15-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
};
