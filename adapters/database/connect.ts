import type { RDSDataClient } from '@aws-sdk/client-rds-data';
import { type Meter, unmetered } from '../metrics/meter.ts';
import { createDataApiDatabase, createRdsDataClient } from './data-api-database.ts';
import type { Database } from './database.ts';
import { meterFailures } from './meter-failures.ts';
import { withReplay } from './replay.ts';

export interface DatabaseAddress {
  readonly DATABASE_CLUSTER_ARN: string;
  readonly DATABASE_SECRET_ARN: string;
  readonly DATABASE_NAME: string;
}

export interface ConnectOptions {
  readonly client?: RDSDataClient;
  /** Told of statements that failed. */
  readonly meter?: Meter;
}

/** The database of this stage, through the Data API, with the protocol's replays. */
export function connectDatabase(address: DatabaseAddress, options: ConnectOptions = {}): Database {
  const { client = createRdsDataClient(), meter = unmetered } = options;
  const database = withReplay(
    createDataApiDatabase({
      client,
      clusterArn: address.DATABASE_CLUSTER_ARN,
      secretArn: address.DATABASE_SECRET_ARN,
      databaseName: address.DATABASE_NAME,
    }),
  );
  return meterFailures(database, meter);
}
