import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';

/** One version of a secret. */
export interface SecretValue {
  readonly text: string;
  /** Secrets Manager's id of the version. */
  readonly versionId: string;
}

/** The current value of one secret. */
export interface CachedSecret<Value = SecretValue> {
  /** The last value, if it isn't too old. */
  read(): Promise<Value>;
  /** Reads it again, after the old value was refused. Within a second of the last read it returns that value. */
  refresh(): Promise<Value>;
}

/** The current text of one secret. */
export type SecretReader = CachedSecret<string>;

/** A rotated secret is noticed within this, at one request per environment each time. */
const KEPT_MS = 5 * 60_000;
/** A wrong key is refused with every call, which must not cost a request each time. */
const REFRESH_INTERVAL_MS = 1_000;
/** Callers that wait for a secret have a deadline of seconds. */
const REQUEST_TIMEOUT_MS = 1_000;

export function createSecretsClient(config: SecretsManagerClientConfig = {}): SecretsManagerClient {
  const requestHandler = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
    connectionTimeout: REQUEST_TIMEOUT_MS,
  };
  return new SecretsManagerClient({ cacheMiddleware: true, maxAttempts: 2, requestHandler, ...config });
}

/**
 * Reads a secret at the first use, and caches it for a while. If a later read fails, the previous value stays in use: while
 * Secrets Manager is down, nothing rotates. If the first read fails, all waiting callers get the error, and the next caller
 * tries again.
 *
 * @param now milliseconds since the epoch
 */
export function createCachedSecret(
  client: SecretsManagerClient,
  secretArn: string,
  now: () => number,
): CachedSecret {
  let value: SecretValue | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<SecretValue> | undefined;
  const fetch = async (): Promise<SecretValue> => {
    readAt = now();
    try {
      value = await read(client, secretArn);
    } catch (error) {
      if (value === undefined) throw error;
    }
    return value;
  };
  const notOlderThan = (milliseconds: number): Promise<SecretValue> => {
    if (reading !== undefined) return reading;
    if (value !== undefined && now() - readAt < milliseconds) return Promise.resolve(value);
    reading = fetch().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  return { read: () => notOlderThan(KEPT_MS), refresh: () => notOlderThan(REFRESH_INTERVAL_MS) };
}

/** The text alone, for a caller to whom the version means nothing. */
export function createSecretReader(
  client: SecretsManagerClient,
  secretArn: string,
  now: () => number,
): SecretReader {
  const secret = createCachedSecret(client, secretArn, now);
  return {
    read: async () => (await secret.read()).text,
    refresh: async () => (await secret.refresh()).text,
  };
}

async function read(client: SecretsManagerClient, SecretId: string): Promise<SecretValue> {
  const { SecretString, VersionId } = await client.send(new GetSecretValueCommand({ SecretId }));
  if (SecretString === undefined) throw new Error(`the secret ${SecretId} has no text`);
  if (VersionId === undefined) throw new Error(`the secret ${SecretId} has no version`);
  return { text: SecretString, versionId: VersionId };
}
