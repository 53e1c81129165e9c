import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../../local/clock.ts';
import type { RotationEvent } from '../../local/secrets-manager/rotations.ts';
import {
  type RunningSecretsManager,
  startSecretsManager,
} from '../../local/secrets-manager/start-secrets-manager.ts';
import type { SecretResource } from '../../local/template/resources.ts';

export interface SecretsManagerInTest {
  readonly service: RunningSecretsManager;
  readonly client: SecretsManagerClient;
  readonly directory: string;
  /** The actions that were asked for, oldest first. */
  readonly asked: string[];
  /** What rotation functions were invoked with, oldest first. */
  readonly rotated: RotationEvent[];
  /** Rotations that did not succeed: the secret and the reason. */
  readonly failed: (readonly [secret: string, reason: string])[];
  close(): Promise<void>;
}

export interface SecretsManagerInTestOptions {
  readonly clock: Clock;
  readonly secrets: readonly SecretResource[];
  /** What a rotation function does; nothing where none is given. */
  readonly rotate?: (event: RotationEvent) => Promise<void>;
  /** As another one left it. */
  readonly directory?: string;
}

/** The local Secrets Manager, and the SDK's client as it is. */
export async function startSecretsManagerInTest(
  options: SecretsManagerInTestOptions,
): Promise<SecretsManagerInTest> {
  const { clock, secrets, rotate = async () => {} } = options;
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'oncepay-secrets-'));
  const asked: string[] = [];
  const rotated: RotationEvent[] = [];
  const failed: (readonly [string, string])[] = [];
  const service = await startSecretsManager({
    port: 0,
    directory,
    clock,
    secrets,
    invoke: async (_function, event) => {
      rotated.push(event);
      await rotate(event);
    },
    onRotationFailure: (secret, reason) => failed.push([secret, reason]),
    observer: ({ action }) => asked.push(action),
  });
  const client = new SecretsManagerClient({
    endpoint: service.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'SomeFunction', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
  const close = async () => {
    client.destroy();
    await service.close();
    if (options.directory === undefined) rmSync(directory, { recursive: true });
  };
  return { service, client, directory, asked, rotated, failed, close };
}

/** A secret as the templates describe one: a password of letters and digits, unless it says otherwise. */
export function aSecret(name: string, overrides: Partial<SecretResource> = {}): SecretResource {
  return {
    arn: `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}`,
    name,
    generate: {
      template: undefined,
      key: undefined,
      rules: { length: 40, excludeCharacters: undefined, excludePunctuation: true },
    },
    rotationFunctionArn: undefined,
    ...overrides,
  };
}
