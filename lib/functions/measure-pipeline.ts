import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ScheduledFunction } from '../constructs/scheduled-function.ts';
import type { FunctionContext } from '../function-context.ts';
import { useTable } from '../grants.ts';
import { activityEnvironment } from './environment.ts';

/** Writes metrics of what only the database knows. A separate function, so that it runs whatever state the others are in. */
export class MeasurePipeline extends ScheduledFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { activityTable } = context.data;
    super(scope, id, {
      ...context,
      folder: 'measure-pipeline',
      description: 'Measures circuits, unknown outcomes, quarantine and trial balance.',
      period: Duration.minutes(1),
      // Two short statements with their retries; the next run begins a minute later.
      timeout: Duration.seconds(30),
      memorySize: 512,
      environment: activityEnvironment(context),
      grants: useTable(context.data, activityTable, ['dynamodb:BatchGetItem']),
    });
  }
}
