import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { SecretsError } from './errors.ts';
import { type SecretStore, type StoredSecret, versionAt } from './secret-store.ts';

/** The steps of a rotation function, in this order. */
export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

export interface RotationEvent {
  readonly Step: (typeof STEPS)[number];
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

/** Invokes the function of that ARN. */
export type InvokeRotation = (functionArn: string, event: RotationEvent) => Promise<unknown>;

export interface RotationsOptions {
  readonly store: SecretStore;
  readonly clock: Clock;
  /** The rotation function of each secret that has one, by the secret's ARN. */
  readonly functions: ReadonlyMap<string, string>;
  readonly invoke: InvokeRotation;
  readonly onFailure: (secretName: string, reason: string) => void;
}

/** Runs rotation functions as Secrets Manager does, each step after the previous one has succeeded. */
export class Rotations {
  private readonly options: RotationsOptions;
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(options: RotationsOptions) {
    this.options = options;
  }

  functionOf(secretArn: string): string | undefined {
    return this.options.functions.get(secretArn);
  }

  /**
   * @param token of the new version; a pending version is continued instead
   * @returns the version that will become current
   */
  start(secret: StoredSecret, token: string | undefined): string {
    const functionArn = this.functionOf(secret.arn);
    if (functionArn === undefined) {
      throw new SecretsError(
        'InvalidRequestException',
        `You can't rotate the secret ${secret.name}: no rotation function is configured for it.`,
      );
    }
    if (this.underWay.has(secret.arn)) {
      throw new SecretsError('InvalidRequestException', `A rotation of ${secret.name} is in progress.`);
    }
    const pending = versionAt(secret, 'AWSPENDING');
    const isUnfinished = pending !== undefined && !pending.stages.includes('AWSCURRENT');
    const id = isUnfinished ? pending.id : (token ?? randomUUID());
    const running = this.run(functionArn, secret, id).finally(() => this.underWay.delete(secret.arn));
    this.underWay.set(secret.arn, running);
    return id;
  }

  /** Resolves when no rotation is in progress. */
  async settle(): Promise<void> {
    await Promise.all(this.underWay.values());
  }

  private async run(functionArn: string, secret: StoredSecret, token: string): Promise<void> {
    try {
      for (const Step of STEPS) {
        await this.options.invoke(functionArn, { Step, SecretId: secret.arn, ClientRequestToken: token });
      }
      const { store, clock } = this.options;
      store.save({ ...store.get(secret.arn), rotatedAtMs: clock.now() });
    } catch (error) {
      // AWS retries it for some hours; here the next request continues it.
      this.options.onFailure(secret.name, error instanceof Error ? error.message : String(error));
    }
  }
}
