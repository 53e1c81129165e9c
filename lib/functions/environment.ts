import { LISTING_INDEX } from '../constructs/simulator-record.ts';
import type { FunctionContext, SimulatorContext } from '../function-context.ts';

/** Only if the database can pause. */
export function activityEnvironment({ data }: FunctionContext): Record<string, string> {
  return data.activityTable === undefined ? {} : { ACTIVITY_TABLE_NAME: data.activityTable.tableName };
}

/** The table of the simulated PSPs' record, and the secret from which their callers' keys are derived. */
export function simulatorHostEnvironment({ simulator }: SimulatorContext): Record<string, string> {
  return {
    SIMULATOR_TABLE_NAME: simulator.table.tableName,
    SIMULATOR_INDEX_NAME: LISTING_INDEX,
    SIMULATOR_SECRET_ARN: simulator.secret.secretArn,
  };
}
