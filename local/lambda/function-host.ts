import { randomUUID } from 'node:crypto';
import type { Invocation } from '../alarms/service-metrics.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { RequestObserver } from '../service-request.ts';
import type { FunctionResource } from '../template/resources.ts';
import { ownProcessors, type Processors } from './processors.ts';
import { newTraceHeader } from './trace.ts';
import { WarmEnvironment } from './warm-environment.ts';

/**
 * AWS gives every concurrent invocation an environment of its own; a laptop has few cores. Functions wait for the
 * database most of their time, so three per core keep it busy; further invocations wait.
 */
const ENVIRONMENTS_PER_PROCESSOR = 3;
const LEAST_ENVIRONMENTS = 4;
/**
 * While all processors are busy, one environment for each and one that waits for the database are enough: more would take
 * turns with them, and each would run code that V8 has seen too seldom to make it fast. So a further one is opened when
 * the processors aren't busy, or after a while: invocations that hang in the open ones must not delay all others.
 */
const SPARE_ENVIRONMENTS = 1;
const LOOK_MS = 50;
const LONGEST_WAIT_MS = 300;

interface Waiting {
  readonly since: number;
  readonly go: () => void;
}

export interface FunctionHostOptions {
  readonly resource: FunctionResource;
  /** In addition to the template's: the local services' addresses and the function's credentials. */
  readonly environment: Readonly<Record<string, string>>;
  /** The maximum concurrency of its event source, which waits for PSPs and not for the CPU; undefined: as many as useful. */
  readonly concurrency: number | undefined;
  /** One line of the function's output. */
  readonly onLine: (line: string) => void;
  readonly observer: RequestObserver;
  /** Called for every invocation that has ended. */
  readonly onInvocation?: (invocation: Invocation) => void;
  /** Checked for each new environment, as when Lambda makes its log stream; without the grants its output is lost. */
  readonly mayLog?: () => boolean;
  /** This machine's by default. */
  readonly processors?: Processors;
  /** The clock for waiting invocations: this machine's, independent of the services' clock. Tests set another. */
  readonly turnClock?: Clock;
}

export interface InvokeOptions {
  /** A new one by default. */
  readonly requestId?: string;
  /** Of the caller's trace; without one the function begins a trace, if it is traced. */
  readonly traceHeader?: string | undefined;
  /** Checked when an environment is free; if false, the invocation is not started. */
  readonly mayStart?: () => boolean;
}

/** Thrown for an invocation that was not to be started any more when its turn came. */
export class NotStartedError extends Error {
  override readonly name = 'NotStartedError';
}

/** One function with its environments, which are reused, newest first. */
export class FunctionHost {
  readonly resource: FunctionResource;
  private readonly options: FunctionHostOptions;
  private readonly idle: WarmEnvironment[] = [];
  private readonly busy = new Set<WarmEnvironment>();
  private readonly processors: Processors;
  private readonly limit: number;
  /** How many run concurrently regardless of the CPUs' load. */
  private readonly unasked: number;
  private readonly waiting: Waiting[] = [];
  private cancelLook: (() => void) | undefined;
  private readonly turnClock: Clock;
  private underWay = 0;
  private cpuOfTheDead = 0;
  private isClosed = false;

  constructor(options: FunctionHostOptions) {
    const { resource, concurrency, processors = ownProcessors, turnClock = systemClock } = options;
    this.turnClock = turnClock;
    this.options = options;
    this.resource = resource;
    this.processors = processors;
    const usual = Math.max(LEAST_ENVIRONMENTS, ENVIRONMENTS_PER_PROCESSOR * processors.count);
    this.limit = resource.reservedConcurrency ?? concurrency ?? usual;
    this.unasked = concurrency ?? Math.min(this.limit, processors.count + SPARE_ENVIRONMENTS);
  }

  /**
   * @param caller the invoking service's name
   * @returns the function's result, parsed
   * @throws FunctionError, NotStartedError
   */
  async invoke(event: unknown, caller: string, options: InvokeOptions = {}): Promise<unknown> {
    const { requestId = randomUUID(), traceHeader, mayStart } = options;
    await this.turn();
    try {
      if (mayStart?.() === false) throw new NotStartedError(`${this.resource.serviceName} was not started`);
      return await this.carryOut(event, caller, requestId, traceHeader ?? this.newTrace());
    } finally {
      this.endTurn();
    }
  }

  /** Kills one environment in the middle of an invocation; false when none is busy. */
  async killOne(): Promise<boolean> {
    const [victim] = this.busy;
    if (victim === undefined) return false;
    this.cpuOfTheDead += await victim.cpuMilliseconds();
    // Resolves only when it is dead and its invocation counted as failed.
    await victim.close();
    return true;
  }

  async cpuMilliseconds(): Promise<number> {
    const living = await Promise.all(
      [...this.idle, ...this.busy].map((environment) => environment.cpuMilliseconds()),
    );
    return living.reduce((sum, milliseconds) => sum + milliseconds, this.cpuOfTheDead);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelLook?.();
    await Promise.all([...this.idle, ...this.busy].map((environment) => environment.close()));
  }

  /** Resolves when this invocation may run: first come, first served. */
  private async turn(): Promise<void> {
    // Counted before the first await, so that simultaneous invocations see each other.
    if (this.underWay < this.unasked) this.underWay += 1;
    else await new Promise<void>((go) => this.wait(go));
  }

  private wait(go: () => void): void {
    this.waiting.push({ since: this.turnClock.now(), go });
    if (this.cancelLook === undefined) this.lookLater();
  }

  private lookLater(): void {
    this.cancelLook = this.turnClock.after(LOOK_MS, () => this.look());
  }

  /** Lets more invocations run if that makes them faster or the first has waited too long. */
  private look(): void {
    this.cancelLook = undefined;
    const [first] = this.waiting;
    if (first === undefined) return;
    const room = this.limit - this.underWay;
    if (!this.processors.areBusy()) this.admit(room);
    else if (this.turnClock.now() - first.since >= LONGEST_WAIT_MS) this.admit(Math.min(room, 1));
    this.lookLater();
  }

  private admit(count: number): void {
    for (const { go } of this.waiting.splice(0, Math.max(0, count))) {
      this.underWay += 1;
      go();
    }
  }

  /** Passes the slot to the next one, or frees it. */
  private endTurn(): void {
    this.underWay -= 1;
    if (this.underWay < this.unasked || !this.processors.areBusy()) this.admit(1);
  }

  private newTrace(): string | undefined {
    return this.resource.isTraced ? newTraceHeader(Date.now()) : undefined;
  }

  private async carryOut(
    event: unknown,
    caller: string,
    requestId: string,
    traceHeader: string | undefined,
  ): Promise<unknown> {
    const environment = this.environment();
    this.busy.add(environment);
    const startedAt = performance.now();
    let failed = true;
    try {
      const result: unknown = JSON.parse(await environment.invoke(event, requestId, traceHeader));
      failed = false;
      return result;
    } catch (error) {
      this.sayFailed(error, requestId);
      throw error;
    } finally {
      this.busy.delete(environment);
      if (environment.isAlive) this.idle.push(environment);
      const milliseconds = performance.now() - startedAt;
      this.options.onInvocation?.({ functionName: this.resource.name, failed, milliseconds });
      this.options.observer({ service: 'lambda', action: `Invoke ${this.resource.serviceName}`, caller });
    }
  }

  /** The caller, for example a schedule, may ignore the failure; a person must see it. */
  private sayFailed(error: unknown, requestId: string): void {
    if (this.isClosed) return;
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    this.options.onLine(
      JSON.stringify({
        level: 'ERROR',
        message: 'invocation failed',
        timestamp: new Date().toISOString(),
        service: this.resource.serviceName,
        function_request_id: requestId,
        error: { name, message },
      }),
    );
  }

  private environment(): WarmEnvironment {
    if (this.isClosed) throw new Error(`${this.resource.serviceName} is stopped`);
    for (let warm = this.idle.pop(); warm !== undefined; warm = this.idle.pop())
      if (warm.isAlive) return warm;
    return new WarmEnvironment(
      this.resource,
      { ...this.options.environment, ...this.resource.environment, ...this.identity() },
      this.options.mayLog?.() === false ? () => {} : this.options.onLine,
    );
  }

  private identity(): Record<string, string> {
    const { name, memoryMegabytes, logicalId } = this.resource;
    return {
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      // So that each service knows which function calls it.
      AWS_ACCESS_KEY_ID: logicalId,
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SESSION_TOKEN: 'local',
    };
  }
}
