import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { Psp } from '../../adapters/psp/psp.ts';
import { createPspSimulator } from '../../adapters/psp/simulator/psp-simulator.ts';
import { type RunningPspSimulator, startPspSimulator } from '../../local/psp-simulator/psp-simulator.ts';
import { WatchedClock } from './watched-clock.ts';

export const SIMULATOR_KEY = 'simulator-key';
export const SIMULATOR_2_KEY = 'simulator-2-key';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface SimulatorInTest extends RunningPspSimulator {
  readonly clock: WatchedClock;
  /** The adapters of `simulator` and of `simulator_2`. */
  readonly psp: Psp;
  readonly second: Psp;
  readonly directory: string;
  /** What it told its operator. */
  readonly lines: readonly string[];
  /** GET at the control address. */
  read(path: string): Promise<Answer>;
  /** POST /control */
  control(change: unknown): Promise<Answer>;
  timesCharged(reference: string): Promise<number>;
}

const total = z.object({ total: z.int() });

/**
 * Simulated PSPs on free ports and on virtual time, with the real adapters; their records go when they are closed.
 *
 * @param random what is rolled where a switch asks for chance, 0 up to but not 1
 */
export async function startSimulatorInTest(random: () => number = Math.random): Promise<SimulatorInTest> {
  const directory = await mkdtemp(join(tmpdir(), 'psp-simulator-'));
  const clock = new WatchedClock(Date.parse('2026-01-01T00:00:00Z'));
  const now = () => clock.now();
  const lines: string[] = [];
  const running = await startPspSimulator({
    directory,
    controlPort: 0,
    listenerPort: 0,
    clock,
    random,
    log: (line) => lines.push(line),
  });
  const read = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(running.controlUrl + path, init);
    return { status: response.status, body: await response.json() };
  };
  return {
    ...running,
    clock,
    directory,
    lines,
    psp: createPspSimulator({ url: running.listenerUrl, apiKey: SIMULATOR_KEY, now }),
    second: createPspSimulator({
      name: 'simulator_2',
      url: running.secondListenerUrl,
      apiKey: SIMULATOR_2_KEY,
      now,
    }),
    read: (path) => read(path),
    control: (change) => read('/control', { method: 'POST', body: JSON.stringify(change) }),
    timesCharged: async (reference) =>
      total.parse((await read(`/charges?reference=${reference}`)).body).total,
    close: async () => {
      await running.close();
      await rm(directory, { recursive: true });
    },
  };
}
