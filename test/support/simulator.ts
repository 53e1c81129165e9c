import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { Psp } from '../../adapters/psp/psp.ts';
import { createPspSimulator } from '../../adapters/psp/simulator/psp-simulator.ts';
import { startPspSimulator } from '../../local/psp-simulator/psp-simulator.ts';
import type { SimulatorHost } from './simulator-host.ts';
import { SIMULATOR_2_KEY, SIMULATOR_KEY, SIMULATOR_SECRET } from './simulator-keys.ts';
import { startTableSimulator } from './table-simulator.ts';
import { WatchedClock } from './watched-clock.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface SimulatorInTest extends SimulatorHost {
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
  /** POST at the control address. */
  post(path: string, body: unknown): Promise<Answer>;
  timesCharged(reference: string): Promise<number>;
}

export type StartSimulator = (random?: () => number) => Promise<SimulatorInTest>;

const total = z.object({ total: z.int() });

/**
 * Simulated PSPs on free ports and on virtual time, with the real adapters; their records go when they are closed.
 *
 * @param random what is rolled where a switch asks for chance, 0 up to but not 1
 */
export async function startSimulatorInTest(random: () => number = Math.random): Promise<SimulatorInTest> {
  const directory = await mkdtemp(join(tmpdir(), 'psp-simulator-'));
  const clock = newClock();
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const ports = { controlPort: 0, listenerPort: 0 };
  const running = await startPspSimulator({
    directory,
    ...ports,
    secret: () => SIMULATOR_SECRET,
    clock,
    random,
    log,
  });
  const close = async () => {
    await running.close();
    await rm(directory, { recursive: true });
  };
  return inTest({ ...running, close }, clock, directory, lines);
}

/** The same as a function serves them: the work of `simulate-psp` and `control-simulator`, with a table for the record. */
export const startTableSimulatorInTest: StartSimulator = async (random = Math.random) => {
  const clock = newClock();
  const lines: string[] = [];
  const running = await startTableSimulator({
    time: clock,
    random,
    secret: SIMULATOR_SECRET,
    log: (line) => lines.push(line),
  });
  return inTest(running, clock, '', lines);
};

/** Both hosts, for tests that hold of either. */
export const SIMULATOR_HOSTS: readonly (readonly [name: string, start: StartSimulator])[] = [
  ['on this machine', startSimulatorInTest],
  ['as functions with a table', startTableSimulatorInTest],
];

function newClock(): WatchedClock {
  return new WatchedClock(Date.parse('2026-01-01T00:00:00Z'));
}

function inTest(
  running: SimulatorHost,
  clock: WatchedClock,
  directory: string,
  lines: readonly string[],
): SimulatorInTest {
  const now = () => clock.now();
  const { listenerUrl, secondListenerUrl } = running;
  const read = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(running.controlUrl + path, init);
    return { status: response.status, body: await response.json() };
  };
  return {
    ...running,
    clock,
    directory,
    lines,
    psp: createPspSimulator({ url: listenerUrl, apiKey: SIMULATOR_KEY, now }),
    second: createPspSimulator({
      name: 'simulator_2',
      url: secondListenerUrl,
      apiKey: SIMULATOR_2_KEY,
      now,
    }),
    read: (path) => read(path),
    control: (change) => read('/control', { method: 'POST', body: JSON.stringify(change) }),
    post: (path, body) => read(path, { method: 'POST', body: JSON.stringify(body) }),
    timesCharged: async (reference) =>
      total.parse((await read(`/charges?reference=${reference}`)).body).total,
  };
}
