import * as z from 'zod';
import type { Need } from '../iam/needs.ts';
import type { SecretStore } from './secret-store.ts';

const requestSchema = z.object({ SecretId: z.string() });

/** The permission that a request needs: the action on its secret, by either of the secret's names. */
export function needsOf(store: SecretStore, action: string, body: unknown): readonly Need[] {
  const request = requestSchema.safeParse(body);
  const id = request.success ? request.data.SecretId : '*';
  return [{ action: `secretsmanager:${action}`, resource: store.find(id)?.arn ?? id }];
}
