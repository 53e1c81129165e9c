import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresHome } from './home.ts';
import { type ServerOptions, startServer, stopServer } from './server-process.ts';

/** What the server's processes leave behind when their first one is killed is gone within a second. */
const FIRST_PAUSE_MS = 500;
/** A disk that is full stays so for a while. */
const LONGEST_PAUSE_MS = 10_000;

export interface KeptServerOptions extends ServerOptions {
  /** Told what happened to the server, one line each. */
  readonly onTrouble: (line: string) => void;
}

/** A server that is started again when it ends without being told to, for as long as it takes. */
export class KeptServer {
  private readonly home: PostgresHome;
  private readonly options: KeptServerOptions;
  private server: ChildProcess;
  private isUp = true;
  private restarting: Promise<void> | undefined;
  private readonly closing = new AbortController();

  private constructor(home: PostgresHome, options: KeptServerOptions, server: ChildProcess) {
    this.home = home;
    this.options = options;
    this.server = server;
    this.watch();
    process.once('exit', this.stopAtExit);
  }

  /** @throws PostgresStartError when it doesn't start the first time */
  static async start(home: PostgresHome, options: KeptServerOptions): Promise<KeptServer> {
    return new KeptServer(home, options, await startServer(home, options));
  }

  /** Of the process that runs now; 0 while none does. */
  get pid(): number {
    return this.isUp ? (this.server.pid ?? 0) : 0;
  }

  /** Resolves when it has ended, for good. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.restarting;
    await stopServer(this.server);
    process.off('exit', this.stopAtExit);
  }

  /** However this process ends, short of kill -9, its server doesn't stay behind. */
  private readonly stopAtExit = (): void => {
    this.server.kill('SIGINT');
  };

  private watch(): void {
    this.isUp = true;
    this.server.once('exit', (code, signal) => {
      this.isUp = false;
      if (this.closing.signal.aborted) return;
      this.options.onTrouble(`PostgreSQL ended (${signal ?? `exit code ${code}`}); starting it again`);
      this.restarting = this.restart();
    });
  }

  private async restart(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.closing.signal.aborted) {
      try {
        this.server = await startServer(this.home, this.options);
        this.watch();
        this.options.onTrouble('PostgreSQL takes connections again');
        return;
      } catch (error) {
        this.options.onTrouble(error instanceof Error ? error.message : String(error));
      }
      await sleep(pauseMs, undefined, { signal: this.closing.signal }).catch(() => {});
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }
}
