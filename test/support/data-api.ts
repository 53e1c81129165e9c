import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  RDSDataClient,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { createDataApiDatabase } from '../../adapters/database/data-api-database.ts';
import type { Database } from '../../adapters/database/database.ts';
import { VirtualClock } from '../../local/clock.ts';
import { type RunningRdsData, startRdsData } from '../../local/rds-data/start-rds-data.ts';
import type { ServiceRequest } from '../../local/service-request.ts';
import type { TestDatabase } from './postgres.ts';

export const RESOURCE = 'arn:aws:rds:us-east-1:000000000000:cluster:test';
export const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:test';
export const TARGET = { resourceArn: RESOURCE, secretArn: SECRET };

const CLIENT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'SomeFunction', secretAccessKey: 'x' },
  maxAttempts: 1,
};

/** The local Data API in front of a test's database, and the SDK's client of it, as it comes. */
export class DataApi {
  readonly clock: VirtualClock;
  readonly service: RunningRdsData;
  readonly client: RDSDataClient;
  readonly requests: readonly ServiceRequest[];

  private constructor(clock: VirtualClock, service: RunningRdsData, requests: readonly ServiceRequest[]) {
    this.clock = clock;
    this.service = service;
    this.requests = requests;
    this.client = new RDSDataClient({ ...CLIENT, endpoint: service.url });
  }

  static async start(testDatabase: TestDatabase): Promise<DataApi> {
    const clock = new VirtualClock(1_000);
    const url = new URL(testDatabase.url);
    const requests: ServiceRequest[] = [];
    const service = await startRdsData({
      port: 0,
      clock,
      cluster: {
        resourceArn: RESOURCE,
        host: url.hostname,
        port: Number(url.port),
        defaultDatabase: testDatabase.name,
        secrets: new Map([[SECRET, { user: url.username, password: url.password }]]),
      },
      observer: (request) => requests.push(request),
    });
    return new DataApi(clock, service, requests);
  }

  /** The product's own adapter on it. */
  database(databaseName: string): Database {
    return createDataApiDatabase({
      client: this.client,
      clusterArn: RESOURCE,
      secretArn: SECRET,
      databaseName,
    });
  }

  execute(sql: string, more: Partial<ExecuteStatementCommandInput> = {}) {
    return this.client.send(new ExecuteStatementCommand({ ...TARGET, sql, ...more }));
  }

  /** The first row of a statement's answer. */
  async row(sql: string, more: Partial<ExecuteStatementCommandInput> = {}) {
    return (await this.execute(sql, more)).records?.[0];
  }

  async begin(): Promise<string> {
    const { transactionId } = await this.client.send(new BeginTransactionCommand(TARGET));
    if (transactionId === undefined) throw new Error('a transaction has an id');
    return transactionId;
  }

  async commit(transactionId: string): Promise<string | undefined> {
    const answer = await this.client.send(new CommitTransactionCommand({ ...TARGET, transactionId }));
    return answer.transactionStatus;
  }

  async rollback(transactionId: string): Promise<string | undefined> {
    const answer = await this.client.send(new RollbackTransactionCommand({ ...TARGET, transactionId }));
    return answer.transactionStatus;
  }

  /** How many statements of `pg_sleep(60)` the database is at. */
  async sleepers(): Promise<number | undefined> {
    const row = await this.row(
      "select count(*) from pg_stat_activity where state = 'active' and query like 'select pg_sleep(60)%'",
    );
    return row?.[0]?.longValue;
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.service.close();
  }
}
