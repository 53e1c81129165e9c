import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { AsyncInvocationResource } from '../template/resources.ts';
import type { FailedInvocation } from './failed-invocations.ts';
import { type FunctionHost, NotStartedError } from './function-host.ts';
import { FunctionError } from './warm-environment.ts';

/** "A one-minute wait between the first two attempts, and two minutes between the second and third attempts." */
const WAITS_MS: readonly number[] = [60_000, 120_000];

/** What holds for a function, version or alias that no template says more of. */
const DEFAULTS = {
  maximumRetryAttempts: 2,
  maximumEventAgeMilliseconds: 6 * 3600 * 1000,
  failureDestinationArn: undefined,
};

export interface AsyncInvocationsOptions {
  readonly settings: readonly AsyncInvocationResource[];
  readonly hostOf: (functionArn: string) => FunctionHost;
  readonly clock: Clock;
  /** Told of each event that is given up and whose function has a destination for that. */
  readonly onFailed: (failed: FailedInvocation) => void;
}

/** An event that Lambda has accepted and whose function hasn't succeeded with it yet. */
interface Accepted {
  readonly functionArn: string;
  readonly event: object;
  /** Who invokes: a service's name. */
  readonly caller: string;
  /** The same for all attempts. */
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number;
  attempts: number;
}

type Condition = 'RetriesExhausted' | 'EventAgeExceeded';

/**
 * Lambda's queue of events: what a rule or an alarm invokes is run again after it failed. An event that no environment is
 * free for waits for one, and is given up when it is too old; AWS refuses it meanwhile and tries again, which comes to the
 * same. A stop of the runtime ends all that wait for another attempt.
 */
export class AsyncInvocations {
  private readonly options: AsyncInvocationsOptions;
  private readonly retries = new Set<() => void>();
  private isClosed = false;

  constructor(options: AsyncInvocationsOptions) {
    this.options = options;
  }

  /**
   * @param functionArn of a function, or of its version or alias, whose settings then count
   * @returns when the first attempt has ended, well or not
   */
  readonly invoke = (functionArn: string, event: object, caller: string): Promise<void> => {
    const acceptedAt = this.options.clock.now();
    return this.attempt({ functionArn, event, caller, requestId: randomUUID(), acceptedAt, attempts: 0 });
  };

  close(): void {
    this.isClosed = true;
    for (const cancel of this.retries) cancel();
  }

  private async attempt(accepted: Accepted): Promise<void> {
    const { functionArn, event, caller, requestId } = accepted;
    const isTooOld = () => this.ageIn(0, accepted) > this.settingsOf(functionArn).maximumEventAgeMilliseconds;
    const mayStart = () => {
      if (isTooOld()) return false;
      accepted.attempts += 1;
      return true;
    };
    try {
      await this.options.hostOf(functionArn).invoke(event, caller, { requestId, mayStart });
    } catch (error) {
      if (this.isClosed) return;
      if (error instanceof FunctionError) this.retryOrGiveUp(accepted, error);
      else if (error instanceof NotStartedError) this.giveUp(accepted, 'EventAgeExceeded', undefined);
      else throw error;
    }
  }

  private retryOrGiveUp(accepted: Accepted, error: FunctionError): void {
    const { maximumRetryAttempts, maximumEventAgeMilliseconds } = this.settingsOf(accepted.functionArn);
    const wait = WAITS_MS[accepted.attempts - 1];
    if (wait === undefined || accepted.attempts > maximumRetryAttempts)
      this.giveUp(accepted, 'RetriesExhausted', error);
    // An attempt that would come too late is not waited for.
    else if (this.ageIn(wait, accepted) >= maximumEventAgeMilliseconds)
      this.giveUp(accepted, 'EventAgeExceeded', error);
    else this.retryAfter(wait, accepted);
  }

  private retryAfter(milliseconds: number, accepted: Accepted): void {
    const cancel = this.options.clock.after(milliseconds, () => {
      this.retries.delete(cancel);
      void this.attempt(accepted);
    });
    this.retries.add(cancel);
  }

  private giveUp(accepted: Accepted, condition: Condition, error: FunctionError | undefined): void {
    const { failureDestinationArn: destinationArn } = this.settingsOf(accepted.functionArn);
    if (destinationArn === undefined) return;
    const { name: functionName } = this.options.hostOf(accepted.functionArn).resource;
    const record = this.recordOf(accepted, condition, error);
    this.options.onFailed({ functionName, destinationArn, record });
  }

  private recordOf(accepted: Accepted, condition: Condition, error: FunctionError | undefined): object {
    const { functionArn, requestId, event: requestPayload, attempts: approximateInvokeCount } = accepted;
    return {
      version: '1.0',
      timestamp: new Date(this.options.clock.now()).toISOString(),
      requestContext: {
        requestId,
        functionArn: `${unqualified(functionArn)}:${qualifierOf(functionArn)}`,
        condition,
        approximateInvokeCount,
      },
      requestPayload,
      ...(error === undefined
        ? {}
        : {
            responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
            responsePayload: { errorType: error.errorType, errorMessage: error.message },
          }),
    };
  }

  private ageIn(milliseconds: number, { acceptedAt }: Accepted): number {
    return this.options.clock.now() + milliseconds - acceptedAt;
  }

  private settingsOf(functionArn: string): Omit<AsyncInvocationResource, 'functionName' | 'qualifier'> {
    const { name } = this.options.hostOf(functionArn).resource;
    const found = this.options.settings.find(
      ({ functionName, qualifier }) => functionName === name && qualifier === qualifierOf(functionArn),
    );
    return found ?? DEFAULTS;
  }
}

const QUALIFIED = /^(?<unqualified>arn:aws:lambda:[^:]*:[^:]*:function:[^:]+)(:(?<qualifier>.+))?$/;

function unqualified(functionArn: string): string {
  return QUALIFIED.exec(functionArn)?.groups?.unqualified ?? functionArn;
}

/** A function's own ARN stands for its newest code. */
function qualifierOf(functionArn: string): string {
  return QUALIFIED.exec(functionArn)?.groups?.qualifier ?? '$LATEST';
}
