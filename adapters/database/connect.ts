import type { RDSDataClient } from '@aws-sdk/client-rds-data';
import { createDataApiDatabase, createRdsDataClient } from './data-api-database.ts';
import type { Database } from './database.ts';
import { withReplay } from './replay.ts';

export interface DatabaseAddress {
  readonly DATABASE_CLUSTER_ARN: string;
  readonly DATABASE_SECRET_ARN: string;
  readonly DATABASE_NAME: string;
}

/** The database of this stage, through the Data API, with the protocol's replays. */
export function connectDatabase(
  address: DatabaseAddress,
  client: RDSDataClient = createRdsDataClient(),
): Database {
  return withReplay(
    createDataApiDatabase({
      client,
      clusterArn: address.DATABASE_CLUSTER_ARN,
      secretArn: address.DATABASE_SECRET_ARN,
      databaseName: address.DATABASE_NAME,
    }),
  );
}
