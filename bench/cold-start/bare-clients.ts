import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { SQSClient } from '@aws-sdk/client-sqs';

/** What every function of this kind loads at least, made at start as the functions make theirs. */
export const clients = [new SQSClient({}), new DynamoDBClient({}), new RDSDataClient({})];
