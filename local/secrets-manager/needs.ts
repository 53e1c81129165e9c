import * as z from 'zod';
import type { Need } from '../iam/needs.ts';
import type { SecretStore } from './secret-store.ts';

const requestSchema = z.object({ SecretId: z.string() });

/** What a request needs to be allowed: the action on its secret, by whichever name the secret is asked for. */
export function needsOf(store: SecretStore, action: string, body: unknown): readonly Need[] {
  const request = requestSchema.safeParse(body);
  const id = request.success ? request.data.SecretId : '*';
  return [{ action: `secretsmanager:${action}`, resource: store.find(id)?.arn ?? id }];
}
