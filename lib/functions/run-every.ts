import type { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { acknowledge, OF_SCHEDULES } from '../acknowledgements.ts';
import type { ServingFunction } from '../constructs/serving-function.ts';

/** Invokes the function on a schedule. Its event carries nothing: a run does all that is due, also what one missed. */
export function runEvery(target: ServingFunction, id: string, period: Duration): void {
  const rule = new Rule(target, id, {
    schedule: Schedule.rate(period),
    targets: [new LambdaFunction(target.live)],
  });
  acknowledge(rule, OF_SCHEDULES);
}
