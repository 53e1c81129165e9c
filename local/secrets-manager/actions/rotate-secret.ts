import * as z from 'zod';
import type { ActionContext } from './action.ts';

/** How and when a secret rotates is the template's to say; here it is only asked to. */
const requestSchema = z.strictObject({
  SecretId: z.string(),
  ClientRequestToken: z.string().min(32).max(64).optional(),
  RotateImmediately: z.literal(true).optional(),
});

/** Answers at once; the rotation goes on. */
export function rotateSecret({ store, rotations }: ActionContext, body: unknown): object {
  const request = requestSchema.parse(body);
  const secret = store.get(request.SecretId);
  const VersionId = rotations.start(secret, request.ClientRequestToken);
  return { ARN: secret.arn, Name: secret.name, VersionId };
}
