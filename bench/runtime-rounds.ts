import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Endpoints } from '../local/endpoints.ts';
import { choosePorts } from '../local/ports.ts';
import { startRuntime } from '../local/runtime.ts';
import { progress } from './report.ts';

/** Payments that are still under way when the last was posted; one that hangs is looked up after ten seconds and Z + W. */
const TERMINAL_LIMIT_MS = 120_000;
const TERMINAL_POLL_MS = 200;

/** Measures on the whole local runtime, which is started with an empty database and removed afterwards. */
export async function onRuntime(
  work: (endpoints: Endpoints, database: pg.Client) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-bench-'));
  progress('starting the runtime from the templates of stage staging');
  const runtime = await startRuntime({ directory, stage: 'staging', ports: choosePorts(0) });
  const database = new pg.Client(runtime.endpoints.postgres);
  try {
    await database.connect();
    await work(runtime.endpoints, database);
  } finally {
    await database.end();
    await runtime.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Rounds without and with what is measured, rotated, so that neither is always the first. */
export function* alternating(rounds: number): Generator<readonly [round: number, isWith: boolean]> {
  for (let round = 0; round < rounds; round += 1)
    for (const isWith of round % 2 === 0 ? [false, true] : [true, false]) yield [round, isWith];
}

/** Starts `count` calls, so many a second whatever the answers take. @returns once all have ended */
export async function paced(
  count: number,
  perSecond: number,
  call: (number: number) => Promise<unknown>,
): Promise<void> {
  const calls: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (let number = 1; number <= count; number += 1) {
    const wait = startedAt + (number * 1000) / perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    calls.push(call(number));
  }
  await Promise.all(calls);
}

/** @throws Error if not all payments whose references begin with `run` have succeeded within two minutes */
export async function untilAllSucceeded(database: pg.Client, run: string, payments: number): Promise<void> {
  const until = performance.now() + TERMINAL_LIMIT_MS;
  for (;;) {
    const { rows } = await database.query<{ n: number }>(
      `select count(*)::int as n from payment where status = 'SUCCESS' and merchant_reference like $1`,
      [`${run}-%`],
    );
    if ((rows[0]?.n ?? 0) >= payments) return;
    if (performance.now() > until) throw new Error(`only ${rows[0]?.n} of ${payments} payments succeeded`);
    await new Promise((resolve) => setTimeout(resolve, TERMINAL_POLL_MS));
  }
}
