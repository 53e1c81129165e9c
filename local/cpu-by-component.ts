import type { RunningDynamoDb } from './dynamodb/start-dynamodb.ts';
import type { Functions } from './lambda/functions.ts';
import type { RunningPostgres } from './postgres/start-postgres.ts';
import { cpuMillisecondsOf } from './process-cpu.ts';

export interface MeasuredParts {
  readonly functions: Functions;
  readonly dynamodb: RunningDynamoDb;
  readonly postgres: RunningPostgres;
}

/** CPU milliseconds since the start. The main thread holds gateway, SQS, Data API, PSP simulator and pollers. */
export async function cpuByComponent(parts: MeasuredParts): Promise<Readonly<Record<string, number>>> {
  const { user, system } = process.threadCpuUsage();
  return {
    'gateway, queues, Data API, PSP': (user + system) / 1000,
    dynamodb: await parts.dynamodb.cpuMilliseconds(),
    postgres: cpuMillisecondsOf(parts.postgres.pid),
    ...(await parts.functions.cpuMilliseconds()),
  };
}
