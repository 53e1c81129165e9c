import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { SQSClient } from '@aws-sdk/client-sqs';

/** The minimum that every function of this kind loads, created at start like the functions' clients. */
export const clients = [new SQSClient({}), new DynamoDBClient({}), new RDSDataClient({})];
