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
  const threads = {
    'gateway, queues, Data API, PSP': millisecondsOf(process.threadCpuUsage()),
    dynamodb: await parts.dynamodb.cpuMilliseconds(),
    ...(await parts.functions.cpuMilliseconds()),
  };
  const known = Object.values(threads).reduce((sum, milliseconds) => sum + milliseconds, 0);
  return {
    ...threads,
    postgres: cpuMillisecondsOf(parts.postgres.pid),
    // Of all threads together, since V8 compiles and collects garbage in threads of its own.
    'compiler, garbage collector': Math.max(0, millisecondsOf(process.cpuUsage()) - known),
  };
}

function millisecondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}
