import * as z from 'zod';
import { SecretsError } from '../errors.ts';
import { moveStage, type StoredSecret, versionAt } from '../secret-store.ts';
import type { ActionContext } from './action.ts';

const requestSchema = z.strictObject({
  SecretId: z.string(),
  VersionStage: z.string(),
  MoveToVersionId: z.string().optional(),
  RemoveFromVersionId: z.string().optional(),
});

type Request = z.infer<typeof requestSchema>;

export function updateSecretVersionStage({ store }: ActionContext, body: unknown): object {
  const request = requestSchema.parse(body);
  const secret = store.get(request.SecretId);
  refuseWrongIds(secret, request);
  store.save({
    ...secret,
    versions: moveStage(secret.versions, request.VersionStage, request.MoveToVersionId),
  });
  return { ARN: secret.arn, Name: secret.name };
}

/** The caller must name the label's current version, so that two concurrent moves don't both succeed. */
function refuseWrongIds(secret: StoredSecret, request: Request): void {
  const { VersionStage, MoveToVersionId, RemoveFromVersionId } = request;
  for (const id of [MoveToVersionId, RemoveFromVersionId]) {
    if (id !== undefined && !secret.versions.some((version) => version.id === id)) {
      throw new SecretsError('ResourceNotFoundException', `There is no version ${id} of ${secret.arn}.`);
    }
  }
  const holder = versionAt(secret, VersionStage)?.id;
  const isMove = holder !== undefined && holder !== MoveToVersionId;
  if (isMove && RemoveFromVersionId !== holder) {
    throw new SecretsError(
      'InvalidParameterException',
      `The parameter RemoveFromVersionId can't be empty. Staging label ${VersionStage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
  if (VersionStage === 'AWSCURRENT' && MoveToVersionId === undefined) {
    throw new SecretsError('InvalidParameterException', 'A secret always has a current version.');
  }
}
