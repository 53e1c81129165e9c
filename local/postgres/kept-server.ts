import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresHome } from './home.ts';
import { type ServerOptions, startServer, stopServer } from './server-process.ts';

/** When the server's main process is killed, its other processes end within a second. */
const FIRST_PAUSE_MS = 500;
/** A full disk stays full for a while. */
const LONGEST_PAUSE_MS = 10_000;

export interface KeptServerOptions extends ServerOptions {
  /** Called with each event of the server, one line each. */
  readonly onTrouble: (line: string) => void;
}

/** A server that is restarted, with unlimited retries, when it ends unexpectedly. */
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

  /** Of the current process; 0 while none runs. */
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

  /** Unless this process ends by kill -9, it stops its server. */
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
        this.options.onTrouble('PostgreSQL accepts connections again');
        return;
      } catch (error) {
        this.options.onTrouble(error instanceof Error ? error.message : String(error));
      }
      await sleep(pauseMs, undefined, { signal: this.closing.signal }).catch(() => {});
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }
}
