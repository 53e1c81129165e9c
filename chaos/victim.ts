import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

const endpointsSchema = z.object({
  api: z.string(),
  apiKey: z.string(),
  psp: z.string(),
  sqs: z.string(),
  queueUrl: z.string(),
  postgres: z.string(),
  runtime: z.string(),
});
export type Endpoints = z.infer<typeof endpointsSchema>;

/** The whole runtime in a separate process, at ten times the speed: it is killed and restarted. */
export class Victim {
  readonly directory: string;
  endpoints: Endpoints | undefined;
  private process: ChildProcess | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, ['test/support/fast-runtime.ts', '--data', this.directory], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.process = child;
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.includes('"message":"ready"')) resolve();
      });
      child.once('exit', (code) => reject(new Error(`the runtime ended with ${code} before it was ready`)));
    });
    const text = readFileSync(join(this.directory, 'endpoints.json'), 'utf8');
    this.endpoints = endpointsSchema.parse(JSON.parse(text));
  }

  /** `kill -9`, also of its PostgreSQL on request. */
  async killAll(withPostgres: boolean): Promise<void> {
    const child = this.process;
    if (child === undefined) return;
    this.endpoints = undefined;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (withPostgres) killPostgresOf(child.pid);
    child.kill('SIGKILL');
    await ended;
  }

  /** One environment of a function, in the middle of an invocation; false when none was busy. */
  async killFunction(name: string): Promise<boolean> {
    if (this.endpoints === undefined) return false;
    try {
      const response = await fetch(`${this.endpoints.runtime}/control`, {
        method: 'POST',
        body: JSON.stringify({ kill_function: name }),
      });
      return z.object({ done: z.boolean() }).parse(await response.json()).done;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    await ended;
  }
}

/** The server is a child of the runtime; on Linux its children are listed there. */
function killPostgresOf(pid: number | undefined): void {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    for (const child of children) if (child !== '') process.kill(Number(child), 'SIGKILL');
  } catch {
    // Elsewhere it outlives the runtime, and the next start takes over.
  }
}
