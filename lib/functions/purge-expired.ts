import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ScheduledFunction } from '../constructs/scheduled-function.ts';
import type { FunctionContext } from '../function-context.ts';
import { useTable } from '../grants.ts';
import type { StageConfig } from '../stage-config.ts';
import { activityEnvironment } from './environment.ts';

/** Every hour rather than once a night: the batches stay small, and a stage that pauses at night purges while it is used. */
export class PurgeExpired extends ScheduledFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { activityTable } = context.data;
    super(scope, id, {
      ...context,
      folder: 'purge-expired',
      description: 'Removes what is past its retention.',
      period: Duration.hours(1),
      timeout: Duration.minutes(10),
      memorySize: 256,
      environment: {
        RETENTION_DAYS: retentionText(context.config),
        ...activityEnvironment(context),
      },
      grants: useTable(context.data, activityTable, ['dynamodb:BatchGetItem']),
    });
  }
}

/** In whole days, for the function and the operators' commands. */
export function retentionText(config: StageConfig): string {
  const { buyerData, evidence, operationLog } = config.retention;
  return JSON.stringify({
    buyer_data: buyerData.toDays(),
    evidence: evidence.toDays(),
    operation_log: operationLog.toDays(),
  });
}
