import * as z from 'zod';
import type { Need } from '../iam/needs.ts';

const targetSchema = z.object({ resourceArn: z.string(), secretArn: z.string() });

/**
 * What IAM asks about a request: the call on the cluster, and the secret, which the Data API reads as whoever calls it.
 * One that names neither needs nothing: its action refuses it.
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
