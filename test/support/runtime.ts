import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Endpoints } from '../../local/endpoints.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The product as its user starts it: the very command, in a process of its own. */
export class LocalRuntime {
  readonly directory: string;
  private readonly script: readonly string[];
  /** All that it has written to stdout and stderr. */
  output = '';
  private process: ChildProcess | undefined;

  constructor(script: readonly string[] = ['local/start.ts', '--port', '0', '--json']) {
    this.directory = mkdtempSync(join(tmpdir(), 'oncepay-flow-'));
    this.script = script;
  }

  get endpoints(): Endpoints {
    return JSON.parse(readFileSync(join(this.directory, 'endpoints.json'), 'utf8'));
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<Endpoints> {
    const child = spawn(process.execPath, [...this.script, '--data', this.directory], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += String(chunk);
      this.output += String(chunk);
    });
    child.stdout.on('data', (chunk) => {
      this.output += String(chunk);
    });
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.includes('"message":"ready"')) resolve();
      });
      child.once('exit', (code) => reject(new Error(`the runtime ended with ${code}: ${said}`)));
    });
    return this.endpoints;
  }

  /** As Ctrl-C does; resolves with the exit code. */
  stop(): Promise<number | null> {
    return this.end('SIGINT');
  }

  /** Where npm's child is the runtime itself, it is told twice: by the terminal, and by npm. */
  stopTwice(): Promise<number | null> {
    const ended = this.end('SIGINT');
    this.process?.kill('SIGINT');
    return ended;
  }

  /** As `| head` does once it has read enough; resolves with the exit code. */
  stopReading(): Promise<number | null> {
    const child = this.process;
    const ended = new Promise<number | null>((resolve) => child?.once('exit', resolve));
    child?.stdout?.destroy();
    child?.stderr?.destroy();
    return ended;
  }

  kill(): Promise<number | null> {
    return this.end('SIGKILL');
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return Promise.resolve(null);
    return new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.kill(signal);
    });
  }
}
