import * as z from 'zod';
import type { Need } from '../iam/needs.ts';

const targetSchema = z.object({ resourceArn: z.string(), secretArn: z.string() });

/**
 * The permissions that a request needs: the call on the cluster, and the secret, which the Data API reads on the caller's
 * behalf. A request that names neither needs none: its action refuses it.
 *
 * @param action `ExecuteStatement`
 */
export function needsOf(action: string, input: unknown): readonly Need[] {
  const target = targetSchema.safeParse(input).data;
  if (target === undefined) return [];
  return [
    { action: `rds-data:${action}`, resource: target.resourceArn },
    { action: 'secretsmanager:GetSecretValue', resource: target.secretArn },
  ];
}
