import type { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { CfnEventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { acknowledge, OF_SCHEDULES } from '../acknowledgements.ts';
import { sendMessages } from '../grants.ts';
import type { PipelineFunctionProps } from './pipeline-function.ts';
import { ServingFunction } from './serving-function.ts';

export interface ScheduledFunctionProps extends PipelineFunctionProps {
  /** The time between runs: a minute to six hours, the ages that Lambda accepts for an event. */
  readonly period: Duration;
}

/**
 * A function that is invoked on a schedule. Its event carries nothing: a run does everything that is due, including what an
 * earlier run missed, and concurrent runs do no harm. So the schedule is its only retry.
 *
 * By default Lambda retries a failed event twice, after one and two minutes: in an outage three relays would run each
 * minute. An event that Lambda could not start within one period is dropped, since the next one has arrived. Both leave a
 * record in the queue of failed invocations.
 */
export class ScheduledFunction extends ServingFunction {
  constructor(scope: Construct, id: string, { period, ...props }: ScheduledFunctionProps) {
    const { failedInvocations } = props.data;
    const grants = [...(props.grants ?? []), ...sendMessages(props.data, failedInvocations)];
    super(scope, id, { ...props, grants });
    const rule = new Rule(this, 'Schedule', {
      schedule: Schedule.rate(period),
      targets: [new LambdaFunction(this.live)],
    });
    acknowledge(rule, OF_SCHEDULES);
    // For the alias, which rules and alarms invoke: a setting of the function itself would not apply to them.
    const invocations = new CfnEventInvokeConfig(this, 'Invocations', {
      functionName: this.functionName,
      qualifier: this.alias.aliasName,
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: period.toSeconds(),
      destinationConfig: { onFailure: { destination: failedInvocations.queueArn } },
    });
    invocations.node.addDependency(this.alias);
  }
}
