import * as z from 'zod/mini';

/** Our credentials of one account at a PSP. */
export interface PspCredentials {
  readonly apiKey: string;
  /** The secrets with which the PSP may sign events: two during a rotation. */
  readonly signingSecrets: readonly string[];
}

/** The text of a PSP account's secret. */
const credentialsSchema = z.object({
  api_key: z.string().check(z.regex(/^[\x21-\x7e]{8,500}$/)),
  signing_secrets: z.array(z.string().check(z.minLength(16), z.maxLength(500))).check(z.maxLength(2)),
});

/** Thrown for a secret that can't be used; never contains its text. */
export class PspCredentialsError extends Error {
  override readonly name = 'PspCredentialsError';
}

/** @throws PspCredentialsError naming the account and the format */
export function readCredentials(account: string, text: string): PspCredentials {
  const credentials = credentialsSchema.safeParse(parseJson(text)).data;
  if (credentials !== undefined) {
    return { apiKey: credentials.api_key, signingSecrets: credentials.signing_secrets };
  }
  throw new PspCredentialsError(
    `The secret of the PSP account ${account} has another format; store {"api_key": "…", "signing_secrets": ["…"]}, with two signing_secrets at the most.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
