import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { SecretsError } from '../errors.ts';
import { moveStage, type SecretVersion, type StoredSecret } from '../secret-store.ts';
import type { ActionContext } from './action.ts';

const requestSchema = z.strictObject({
  SecretId: z.string(),
  SecretString: z.string().min(1),
  ClientRequestToken: z.string().min(32).max(64).optional(),
  VersionStages: z.array(z.string()).min(1).max(20).optional(),
});

/** The token becomes the version's id: repeating the call changes nothing, another value with the same token is refused. */
export function putSecretValue({ store, clock }: ActionContext, body: unknown): object {
  const request = requestSchema.parse(body);
  const secret = store.get(request.SecretId);
  const id = request.ClientRequestToken ?? randomUUID();
  const stages = request.VersionStages ?? ['AWSCURRENT'];
  const known = secret.versions.find((version) => version.id === id);
  if (known !== undefined && known.value !== request.SecretString) {
    throw new SecretsError(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${secret.arn}.`,
    );
  }
  if (known === undefined) {
    const version = { id, value: request.SecretString, stages: [], createdAtMs: clock.now() };
    store.save({ ...secret, versions: withStages(secret, version, stages) });
  }
  return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: stages };
}

function withStages(
  secret: StoredSecret,
  version: SecretVersion,
  stages: readonly string[],
): SecretVersion[] {
  return stages.reduce<SecretVersion[]>(
    (versions, stage) => moveStage(versions, stage, version.id),
    [...secret.versions, version],
  );
}
