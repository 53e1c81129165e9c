/** The whole one-machine runtime with its emulators: gateway, SQS, Data API, DynamoDB, functions in worker threads. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { choosePorts } from '../../../local/ports.ts';
import { startRuntime } from '../../../local/runtime.ts';
import { withoutEvents } from '../../load.ts';
import type { SystemReady } from '../system.ts';
import { runSystem } from '../system-process.ts';

const PSP_LATENCY_MS = 5;
const cpuSchema = z.object({ cpu_milliseconds: z.record(z.string(), z.number()) });

const directory = mkdtempSync(join(tmpdir(), 'oncepay-bench-'));
let control = '';

async function start(): Promise<SystemReady> {
  const runtime = await startRuntime({ directory, stage: 'staging', ports: choosePorts(0) });
  const { endpoints } = runtime;
  control = endpoints.runtime;
  await withoutEvents(endpoints);
  await fetch(`${endpoints.psp}/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ latency_ms: PSP_LATENCY_MS }),
  });
  process.on('SIGTERM', async () => {
    await runtime.close();
    rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  });
  return { api: endpoints.api, apiKey: endpoints.apiKey, databaseUrl: endpoints.postgres };
}

async function cpu(): Promise<Record<string, number>> {
  const answer = await fetch(`${control}/cpu`);
  return cpuSchema.parse(await answer.json()).cpu_milliseconds;
}

await runSystem(start, cpu);
