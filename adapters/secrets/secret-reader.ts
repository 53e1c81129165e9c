import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';

/** The current text of one secret. */
export type ReadSecret = () => Promise<string>;

/** A rotated secret is noticed within this, at one request per environment each time. */
const KEPT_MS = 5 * 60_000;
/** Whoever waits for a secret has a deadline of seconds. */
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
 * Reads a secret when it is first asked for, and keeps it for a while. A failure is thrown to all who wait, and the next
 * who asks has it tried again.
 *
 * @param now milliseconds since the epoch
 */
export function createSecretReader(
  client: SecretsManagerClient,
  secretArn: string,
  now: () => number,
): ReadSecret {
  let reading: Promise<string> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (reading !== undefined && now() - readAt < KEPT_MS) return reading;
    const latest = read(client, secretArn);
    reading = latest;
    readAt = now();
    latest.catch(() => {
      if (reading === latest) reading = undefined;
    });
    return latest;
  };
}

async function read(client: SecretsManagerClient, SecretId: string): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
  if (SecretString === undefined) throw new Error(`the secret ${SecretId} holds no text`);
  return SecretString;
}
