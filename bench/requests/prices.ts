/** One line of AWS's bill. */
export interface Price {
  readonly name: string;
  /** US dollars per million of the unit, us-east-1, public price list. */
  readonly dollarsPerMillion: number;
  readonly source: string;
}

/** Requests alone. Compute time (Lambda's milliseconds, Aurora's capacity units) depends on the PSP and is named apart. */
export const PRICES = {
  'api-gateway': {
    name: 'API Gateway, REST',
    dollarsPerMillion: 3.5,
    source: 'Amazon API Gateway pricing, first 333 million',
  },
  lambda: { name: 'Lambda, requests', dollarsPerMillion: 0.2, source: 'AWS Lambda pricing' },
  'rds-data': { name: 'RDS Data API', dollarsPerMillion: 0.35, source: 'Amazon Aurora pricing, Data API' },
  sqs: { name: 'SQS FIFO', dollarsPerMillion: 0.5, source: 'Amazon SQS pricing, FIFO queues' },
  dynamodbRead: {
    name: 'DynamoDB, consistent reads',
    dollarsPerMillion: 0.125,
    source: 'Amazon DynamoDB pricing, on-demand, one unit per item of up to 4 KB',
  },
  dynamodbWrite: {
    name: 'DynamoDB, writes',
    dollarsPerMillion: 0.625,
    source: 'Amazon DynamoDB pricing, on-demand, one unit per item of up to 1 KB',
  },
} as const satisfies Record<string, Price>;

/** What runs whether anybody pays or not, per month. */
export const FIXED = [
  { name: 'Aurora, 0.5 capacity units at $0.12 an hour', dollarsPerMonth: 43.8 },
  { name: 'Lambda polling the queue (long polls, about 1.3 million a month)', dollarsPerMonth: 0.65 },
  { name: 'the relay, once a minute: Lambda and one statement', dollarsPerMonth: 0.02 },
] as const;
