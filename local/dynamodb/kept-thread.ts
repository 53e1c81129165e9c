import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { PortTakenError } from '../http-server.ts';
import type { AccessRules } from '../iam/access-rules.ts';
import type { Grant } from '../iam/statement.ts';
import type { Readiness } from '../readiness.ts';

const FIRST_PAUSE_MS = 200;
/** A full disk stays full for a while. */
const LONGEST_PAUSE_MS = 5_000;

export interface ThreadOptions {
  readonly port: number;
  readonly directory: string;
  /** Undefined: every caller is served. */
  readonly rules: AccessRules | undefined;
  readonly onMessage: (message: ThreadMessage) => void;
  /** Uses the tables at this address; rejects where they can't be. */
  readonly tryTables: (url: string, stopped: AbortSignal) => Promise<void>;
  readonly readiness: Pick<Readiness, 'fails' | 'works'>;
}

export type ThreadMessage =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string; readonly port: number }
  | { readonly kind: 'request'; readonly action: string; readonly caller: string }
  | { readonly kind: 'used'; readonly grant: Grant }
  | { readonly kind: 'refused'; readonly line: string }
  | { readonly kind: 'closed' };

/** A thread that listens; `ended` resolves with the reason once it has ended, and what it kept is free. */
interface Thread {
  readonly worker: Worker;
  readonly url: string;
  readonly ended: Promise<string>;
}

const PART = 'DynamoDB';

/**
 * dynalite's thread. dynalite throws what its store can't write, on a full disk for example, and its thread ends: another one
 * starts with the same data, at the same address, with unlimited retries.
 */
export class KeptThread {
  readonly url: string;
  private readonly options: ThreadOptions;
  private thread: Thread | undefined;
  private readonly keeping: Promise<void>;
  private readonly closing = new AbortController();

  private constructor(options: ThreadOptions, thread: Thread) {
    this.options = { ...options, port: Number(new URL(thread.url).port) };
    this.url = thread.url;
    this.thread = thread;
    this.keeping = this.keep(thread);
  }

  /** @throws PortTakenError, or what the thread failed by, when it doesn't start the first time */
  static async start(options: ThreadOptions): Promise<KeptThread> {
    return new KeptThread(options, await startThread(options));
  }

  /** CPU milliseconds of the current thread; 0 while none runs. */
  async cpuMilliseconds(): Promise<number> {
    if (this.thread === undefined) return 0;
    const { user, system } = await this.thread.worker.cpuUsage();
    return (user + system) / 1000;
  }

  /** Resolves when it has ended, for good. */
  async close(): Promise<void> {
    this.closing.abort();
    this.thread?.worker.postMessage('close');
    await this.keeping;
  }

  private async keep(first: Thread): Promise<void> {
    let cause = await first.ended;
    let pauseMs = FIRST_PAUSE_MS;
    this.fails(`its thread ended (${cause}) and is started again with its data`);
    while (await this.pause(pauseMs)) {
      try {
        cause = await this.runAgain();
        pauseMs = FIRST_PAUSE_MS;
        this.fails(`its thread ended (${cause}) and is started again with its data`);
      } catch (error) {
        // The store only says that it isn't open: the cause is why it ended.
        this.fails(`its thread ended (${cause}) and does not start yet (${messageOf(error)})`);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
  }

  /** @returns false once it is to end */
  private async pause(milliseconds: number): Promise<boolean> {
    await sleep(milliseconds, undefined, { signal: this.closing.signal }).catch(() => {});
    return !this.closing.signal.aborted;
  }

  /** @returns why the next thread ended */
  private async runAgain(): Promise<string> {
    const thread = await startThread(this.options);
    this.thread = thread;
    // A close that came meanwhile had no thread to end.
    if (this.closing.signal.aborted) thread.worker.postMessage('close');
    else this.options.readiness.works(PART);
    return thread.ended;
  }

  private fails(what: string): void {
    this.thread = undefined;
    if (this.closing.signal.aborted) return;
    const { directory } = this.options;
    this.options.readiness.fails(PART, `${what}; if the disk of ${directory} is full, make room`);
  }
}

/** Resolves once the thread's tables can be used. */
async function startThread(options: ThreadOptions): Promise<Thread> {
  const { port, directory, rules, onMessage, tryTables } = options;
  const worker = new Worker(new URL('./dynamodb-thread.ts', import.meta.url), {
    workerData: { path: directory, port, rules },
  });
  const stopped = new AbortController();
  const ended = new Promise<string>((resolve) => {
    let reason = 'it was stopped';
    worker.once('error', (error) => {
      reason = messageOf(error);
    });
    worker.once('exit', () => {
      stopped.abort();
      resolve(reason);
    });
  });
  try {
    const listening = new Promise<string>((resolve, reject) => {
      void ended.then((reason) => reject(new Error(reason)));
      worker.on('message', (message: ThreadMessage) => {
        if (message.kind === 'ready') resolve(message.url);
        if (message.kind === 'failed') reject(startErrorOf(message));
        if (message.kind === 'closed') void worker.terminate();
        onMessage(message);
      });
    });
    const url = await listening;
    await Promise.race([
      tryTables(url, stopped.signal),
      ended.then((reason) => Promise.reject(new Error(reason))),
    ]);
    return { worker, url, ended };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

function startErrorOf({ message, port }: Extract<ThreadMessage, { kind: 'failed' }>): Error {
  return message.startsWith('PortTakenError') ? new PortTakenError(port) : new Error(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
