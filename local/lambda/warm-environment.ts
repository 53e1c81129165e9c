import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FunctionResource } from '../template/resources.ts';
import { environmentFile } from './environment-file.ts';
import type {
  AnswerMessage,
  EnvironmentData,
  FunctionErrorShape,
  InvokeMessage,
  OutputKind,
} from './protocol.ts';

/** Thrown for an invocation that failed: the function threw, timed out or was killed. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';
  readonly errorType: string;

  constructor(cause: FunctionErrorCause) {
    super(cause.errorMessage);
    this.errorType = cause.errorType;
  }
}

type FunctionErrorCause = Pick<FunctionErrorShape, 'errorType' | 'errorMessage'>;

/** JSON, both ways; beyond it Lambda refuses. */
const PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024;

/** One environment of a function, warm after its first invocation. It runs one invocation at a time. */
export class WarmEnvironment {
  private readonly worker: Worker;
  private readonly resource: FunctionResource;
  private readonly output: Readonly<Record<OutputKind, (text: string) => void>>;
  private pending:
    | { readonly resolve: (json: string) => void; readonly reject: (error: Error) => void }
    | undefined;
  private invocations = 0;
  /** What the environment, frozen between invocations, waits for. */
  private readonly handedOver = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  private deathCause: FunctionErrorCause = exitedFor('Runtime exited without providing a reason');
  isAlive = true;

  constructor(
    resource: FunctionResource,
    environment: Readonly<Record<string, string>>,
    onLine: (line: string) => void,
  ) {
    this.resource = resource;
    this.worker = new Worker(environmentFile(), {
      workerData: environmentData(resource, environment, this.handedOver.buffer),
      env: { ...environment },
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: resource.memoryMegabytes },
    });
    // Node's own output arrives through the streams, a function's through messages.
    this.output = { stdout: lineSplitter(onLine), stderr: lineSplitter(onLine) };
    this.worker.stdout.on('data', (chunk: Buffer) => this.output.stdout(chunk.toString('utf8')));
    this.worker.stderr.on('data', (chunk: Buffer) => this.output.stderr(chunk.toString('utf8')));
    this.worker.on('message', (message: AnswerMessage) => this.onAnswer(message));
    this.worker.on('error', (error) => {
      this.deathCause = exitedFor(error instanceof Error ? error.message : String(error));
    });
    this.worker.on('exit', () => this.onExit());
  }

  /**
   * @returns the result as JSON text
   * @throws FunctionError
   */
  invoke(event: unknown, requestId: string, traceHeader: string | undefined): Promise<string> {
    this.invocations += 1;
    const milliseconds = this.resource.timeoutSeconds * 1000;
    const message: InvokeMessage = {
      id: this.invocations,
      event: JSON.stringify(event),
      requestId,
      deadline: Date.now() + milliseconds,
      traceHeader,
    };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const seconds = this.resource.timeoutSeconds.toFixed(2);
        const errorMessage = `${requestId} Task timed out after ${seconds} seconds`;
        this.deathCause = { errorType: 'Sandbox.Timedout', errorMessage };
        this.kill();
      }, milliseconds);
      const end = () => {
        clearTimeout(timer);
        this.pending = undefined;
      };
      this.pending = {
        resolve: (json) => {
          end();
          resolve(json);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      this.handOver(message);
    });
  }

  /** Posted first, so that the thawed environment finds it. */
  private handOver(message: InvokeMessage): void {
    this.worker.postMessage(message);
    Atomics.store(this.handedOver, 0, message.id);
    Atomics.notify(this.handedOver, 0);
  }

  /** Immediately, in the middle of an invocation. */
  kill(): void {
    this.isAlive = false;
    void this.worker.terminate();
  }

  async cpuMilliseconds(): Promise<number> {
    if (!this.isAlive) return 0;
    try {
      const { user, system } = await this.worker.cpuUsage();
      return (user + system) / 1000;
    } catch {
      // Its thread isn't there yet, or not any more.
      return 0;
    }
  }

  async close(): Promise<void> {
    this.isAlive = false;
    await this.worker.terminate();
  }

  private onAnswer(message: AnswerMessage): void {
    switch (message.kind) {
      case 'ready':
        return;
      case 'stdout':
      case 'stderr':
        this.output[message.kind](message.text);
        return;
      case 'init_failed':
        this.deathCause = exitedFor(message.error.errorMessage);
        this.kill();
        return;
      case 'error':
        this.pending?.reject(new FunctionError(message.error));
        return;
      case 'result':
        this.onResult(message.json);
    }
  }

  private onResult(json: string): void {
    if (Buffer.byteLength(json) <= PAYLOAD_LIMIT_BYTES) {
      this.pending?.resolve(json);
      return;
    }
    const errorMessage = `Response payload size exceeded maximum allowed payload size (${PAYLOAD_LIMIT_BYTES} bytes).`;
    this.pending?.reject(new FunctionError({ errorType: 'Function.ResponseSizeTooLarge', errorMessage }));
  }

  private onExit(): void {
    this.isAlive = false;
    this.pending?.reject(new FunctionError(this.deathCause));
  }
}

function exitedFor(errorMessage: string): FunctionErrorCause {
  return { errorType: 'Runtime.ExitError', errorMessage };
}

function environmentData(
  resource: FunctionResource,
  environment: Readonly<Record<string, string>>,
  handedOver: SharedArrayBuffer,
): EnvironmentData {
  const [file, exportName] = resource.handler.split('.');
  return {
    module: pathToFileURL(`${resource.directory}/${file}.mjs`).href,
    exportName: exportName ?? 'handler',
    functionName: resource.name,
    functionArn: resource.arn,
    memoryMegabytes: resource.memoryMegabytes,
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
    endpoints: Object.entries(environment).flatMap(([name, value]) =>
      name.startsWith('AWS_ENDPOINT_URL') ? [value] : [],
    ),
    handedOver,
  };
}

/** By hand: `node:readline` costs several times as much, for every line of every function. */
function lineSplitter(onLine: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
}
