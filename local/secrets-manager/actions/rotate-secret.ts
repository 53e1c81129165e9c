import * as z from 'zod';
import type { ActionContext } from './action.ts';

/** The template defines how and when a secret rotates; this only starts a rotation. */
const requestSchema = z.strictObject({
  SecretId: z.string(),
  ClientRequestToken: z.string().min(32).max(64).optional(),
  RotateImmediately: z.literal(true).optional(),
});

/** Answers immediately; the rotation continues. */
export function rotateSecret({ store, rotations }: ActionContext, body: unknown): object {
  const request = requestSchema.parse(body);
  const secret = store.get(request.SecretId);
  const VersionId = rotations.start(secret, request.ClientRequestToken);
  return { ARN: secret.arn, Name: secret.name, VersionId };
}
