import * as z from 'zod';
import type { SystemReady, SystemStart } from './system.ts';

const startSchema = z.object({ databaseUrl: z.string(), pspUrl: z.string() });

/** Runs one system as the process that the benchmark started: reports when it serves, and its CPU time. */
export async function runSystem(
  start: (options: SystemStart) => Promise<SystemReady>,
  cpu: () => Promise<Record<string, number>> | Record<string, number> = ownCpu,
): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  process.on('message', async () => process.send?.({ cpu: await cpu() }));
  process.send?.(await start(startSchema.parse(JSON.parse(process.argv[2] ?? ''))));
}

function ownCpu(): Record<string, number> {
  const { user, system } = process.cpuUsage();
  return { system: (user + system) / 1000 };
}
