import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readiness } from '../readiness.ts';

/** An event that Lambda gave up, for the destination of its function's failures. */
export interface FailedInvocation {
  readonly functionName: string;
  readonly destinationArn: string;
  /** The message's body, as AWS writes it. */
  readonly record: object;
}

export interface FailedInvocationsOptions {
  /** Holds `failed-invocations.ndjson`. */
  readonly directory: string;
  readonly readiness: Readiness;
  /** Whether the function's role may send to the destination; undefined: it may. */
  readonly maySend?: (functionName: string, destinationArn: string) => boolean;
  /** Told of each record that was sent. */
  readonly onSent: (destinationArn: string) => void;
}

/**
 * The destination of failed events on one machine: a file, since the only standard queues of the templates are those that
 * Lambda sends to and people read.
 */
export class FailedInvocations {
  private readonly options: FailedInvocationsOptions;
  private readonly file: string;

  constructor(options: FailedInvocationsOptions) {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.options = options;
    this.file = join(options.directory, 'failed-invocations.ndjson');
  }

  /** Without the grant the record is lost, as on AWS. */
  readonly keep = ({ functionName, destinationArn, record }: FailedInvocation): void => {
    const { maySend, onSent, readiness } = this.options;
    if (maySend?.(functionName, destinationArn) === false) return;
    const line = `${JSON.stringify({ queue: destinationArn.split(':').at(-1), record })}\n`;
    readiness.write('the record of failed invocations', () =>
      appendFileSync(this.file, line, { mode: 0o600 }),
    );
    onSent(destinationArn);
  };
}
