import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, ProjectionType } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { EncryptedTable } from './encrypted-table.ts';

/** Lists by kind and time, for people; decisions read the table itself. */
export const LISTING_INDEX = 'by-listing';

/** The simulated PSPs' table: charges and invalidations, which never expire, their calls, which do, and the switches. */
export class SimulatorRecord extends EncryptedTable {
  constructor(scope: Construct, id: string, key: IKey) {
    super(scope, id, {
      key,
      sortKey: 'sk',
      timeToLiveAttribute: 'expires_at',
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.addGlobalSecondaryIndex({
      indexName: LISTING_INDEX,
      partitionKey: { name: 'listed', type: AttributeType.STRING },
      sortKey: { name: 'listed_at', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });
  }
}
