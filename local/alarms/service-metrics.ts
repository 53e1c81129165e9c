import type { Clock } from '../clock.ts';
import { readEmbeddedMetrics } from './embedded-metrics.ts';
import { Metrics } from './metrics.ts';

/** An invocation that has ended, as Lambda counts it. */
export interface Invocation {
  readonly functionName: string;
  readonly failed: boolean;
  readonly milliseconds: number;
}

/** A request that was answered, as the gateway counts it. */
export interface Answer {
  readonly apiName: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** The metrics that the services of this machine publish while they work. Those of the queues are read once a minute. */
export class ServiceMetrics {
  readonly metrics = new Metrics();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** CloudWatch Logs, for a line that a function wrote. */
  readonly lineWritten = (line: string): void => {
    readEmbeddedMetrics(line, this.metrics, this.clock.now());
  };

  /**
   * Lambda. There are no throttles here: Lambda refuses an invocation if the account's concurrency is used up; on this
   * machine it waits.
   */
  readonly invocationEnded = ({ functionName, failed, milliseconds }: Invocation): void => {
    this.put('AWS/Lambda', { FunctionName: functionName }, 'Invocations', 1);
    this.put('AWS/Lambda', { FunctionName: functionName }, 'Errors', failed ? 1 : 0);
    this.put('AWS/Lambda', { FunctionName: functionName }, 'Duration', milliseconds);
  };

  /** SQS, of a message that Lambda sent. What others send, and SQS moves by itself, is not counted. */
  readonly messageSent = (queueArn: string): void => {
    const QueueName = queueArn.split(':').at(-1) ?? '';
    this.put('AWS/SQS', { QueueName }, 'NumberOfMessagesSent', 1);
  };

  /** API Gateway. */
  readonly answered = ({ apiName, status, milliseconds }: Answer): void => {
    this.put('AWS/ApiGateway', { ApiName: apiName }, 'Count', 1);
    this.put('AWS/ApiGateway', { ApiName: apiName }, '4XXError', status >= 400 && status < 500 ? 1 : 0);
    this.put('AWS/ApiGateway', { ApiName: apiName }, '5XXError', status >= 500 ? 1 : 0);
    this.put('AWS/ApiGateway', { ApiName: apiName }, 'Latency', milliseconds);
  };

  private put(namespace: string, dimensions: Readonly<Record<string, string>>, name: string, value: number) {
    this.metrics.put({ namespace, name, dimensions }, value, this.clock.now());
  }
}
