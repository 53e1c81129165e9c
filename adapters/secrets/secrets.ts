import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';

/** The operations on secrets that the pipeline needs. */
export interface Secrets {
  /** @param version a stage of the secret, and optionally the version's id; the current version by default */
  get(secretArn: string, version?: SecretVersion): Promise<string>;
  /** The same, or undefined if the secret has no such version. */
  find(secretArn: string, version: SecretVersion): Promise<string | undefined>;
  /** Safe to repeat: the version's id makes it so. */
  putPending(secretArn: string, versionId: string, value: string): Promise<void>;
  stagesOf(secretArn: string): Promise<ReadonlyMap<string, readonly string[]>>;
  makeCurrent(secretArn: string, versionId: string, replacedId: string): Promise<void>;
}

export interface SecretVersion {
  readonly stage: 'AWSCURRENT' | 'AWSPENDING';
  readonly versionId?: string;
}

const REQUEST_TIMEOUT_MS = 5_000;

export function createSecrets(client: SecretsManagerClient = createClient()): Secrets {
  const get: Secrets['get'] = async (SecretId, version) => {
    const { SecretString } = await client.send(
      new GetSecretValueCommand({
        SecretId,
        VersionStage: version?.stage ?? 'AWSCURRENT',
        ...(version?.versionId === undefined ? {} : { VersionId: version.versionId }),
      }),
    );
    if (SecretString === undefined) throw new SecretError(`${SecretId} has no text.`);
    return SecretString;
  };
  return {
    get,
    find: (secretArn, version) => get(secretArn, version).catch(undefinedIfMissing),
    putPending: async (SecretId, ClientRequestToken, SecretString) => {
      const VersionStages = ['AWSPENDING'];
      await client.send(
        new PutSecretValueCommand({ SecretId, ClientRequestToken, SecretString, VersionStages }),
      );
    },
    stagesOf: async (SecretId) => {
      const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
      return new Map(Object.entries(VersionIdsToStages));
    },
    makeCurrent: async (SecretId, MoveToVersionId, RemoveFromVersionId) => {
      const VersionStage = 'AWSCURRENT';
      await client.send(
        new UpdateSecretVersionStageCommand({ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId }),
      );
    },
  };
}

function createClient(): SecretsManagerClient {
  return new SecretsManagerClient({ requestHandler: { requestTimeout: REQUEST_TIMEOUT_MS } });
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
  throw error;
}

/** Thrown for a secret with an invalid value; never contains the value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

const loginSchema = z.object({
  username: z.string().check(z.regex(/^[a-z_]{1,63}$/)),
  password: z.string().check(z.regex(/^[A-Za-z0-9]{20,}$/)),
});

export type DatabaseLogin = z.infer<typeof loginSchema>;

/** @throws SecretError */
export function loginOf(value: string): DatabaseLogin {
  try {
    return loginSchema.parse(JSON.parse(value));
  } catch {
    throw new SecretError('A login’s secret must be JSON with username and password, both of plain letters.');
  }
}
