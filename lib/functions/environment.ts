import type { Duty } from '../constructs/database-logins.ts';
import { DATABASE_NAME } from '../constructs/payment-database.ts';
import type { FunctionContext } from './function-context.ts';

/** How a function finds the database, and as whom it comes. */
export function databaseEnvironment({ data }: FunctionContext, duty: Duty): Record<string, string> {
  return {
    DATABASE_CLUSTER_ARN: data.database.clusterArn,
    DATABASE_SECRET_ARN: data.database.logins.secretOf(duty).secretArn,
    DATABASE_NAME,
  };
}

/** Only where the database sleeps. */
export function activityEnvironment({ data }: FunctionContext): Record<string, string> {
  return data.activityTable === undefined ? {} : { ACTIVITY_TABLE_NAME: data.activityTable.tableName };
}

/** Nothing answers at these names: the local runtime, or a deployed simulator, puts its own addresses here. */
export function simulatorEnvironment({ config }: FunctionContext): Record<string, string> {
  return config.takesRealMoney
    ? {}
    : {
        PSP_SIMULATOR_URL: 'https://psp-simulator.invalid',
        PSP_SIMULATOR_2_URL: 'https://psp-simulator-2.invalid',
      };
}

/** `PSP_STRIPE_SECRET_ARN`: where the adapter of that PSP finds its credentials. */
export function pspSecretEnvironment({ config }: FunctionContext): Record<string, string> {
  const entries = Object.entries(config.pspSecretArns);
  return Object.fromEntries(
    entries.map(([psp, arn]) => [`PSP_${psp.toUpperCase().replaceAll('-', '_')}_SECRET_ARN`, arn]),
  );
}
