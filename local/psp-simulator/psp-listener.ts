import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';

/** How often it retries if the port was taken while the PSP was down. */
const REOPEN_RETRY_MS = 1_000;

/**
 * A listener that can be down: its port is closed, new connections are refused and open ones are cut. Opening and closing
 * are serialized in the order of the calls.
 */
export class PspListener {
  private readonly serve: RequestListener;
  private readonly clock: Clock;
  private readonly log: (line: string) => void;
  private port: number;
  private server: Server | undefined;
  private closedForGood = false;
  private lastStep: Promise<void> = Promise.resolve();
  private cancelReopening: () => void = () => {};

  constructor(port: number, serve: RequestListener, clock: Clock, log: (line: string) => void) {
    this.port = port;
    this.serve = serve;
    this.clock = clock;
    this.log = log;
  }

  /** @throws the system's error, such as `EADDRINUSE`, if the port is not available */
  async open(): Promise<void> {
    return this.inOrder(async () => {
      if (this.server !== undefined || this.closedForGood) return;
      this.server = await listen(this.serve, this.port);
      this.port = portOf(this.server);
    });
  }

  /** Where it listens, or will again: `http://127.0.0.1:port`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when connections are refused or, for 0, accepted again. */
  async goDownFor(milliseconds: number): Promise<void> {
    this.cancelReopening();
    if (milliseconds === 0) return this.open();
    await this.shut();
    if (this.closedForGood) return;
    this.cancelReopening();
    this.cancelReopening = this.clock.after(milliseconds, () => void this.reopen());
  }

  /** For good: cuts every connection and frees the port. */
  async close(): Promise<void> {
    this.closedForGood = true;
    this.cancelReopening();
    await this.shut();
  }

  private async reopen(): Promise<void> {
    try {
      await this.open();
    } catch (error) {
      if (this.closedForGood) return;
      this.log(`the PSP simulator can't listen on port ${this.port} again yet: ${String(error)}`);
      this.cancelReopening = this.clock.after(REOPEN_RETRY_MS, () => void this.reopen());
    }
  }

  private async shut(): Promise<void> {
    return this.inOrder(async () => {
      const server = this.server;
      this.server = undefined;
      if (server !== undefined) await closeServer(server);
    });
  }

  private inOrder(step: () => Promise<void>): Promise<void> {
    const result = this.lastStep.then(step);
    this.lastStep = result.catch(() => {});
    return result;
  }
}

/** On this machine only. */
export async function listen(serve: RequestListener, port: number): Promise<Server> {
  const server = createServer(serve);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

export function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the server has no port: it is not listening');
  return address.port;
}
