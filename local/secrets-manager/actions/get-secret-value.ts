import * as z from 'zod';
import { SecretsError } from '../errors.ts';
import type { StoredSecret } from '../secret-store.ts';
import type { ActionContext } from './action.ts';

const requestSchema = z.strictObject({
  SecretId: z.string(),
  VersionId: z.string().optional(),
  VersionStage: z.string().optional(),
});

export function getSecretValue({ store }: ActionContext, body: unknown): object {
  const request = requestSchema.parse(body);
  const secret = store.get(request.SecretId);
  const version = versionOf(secret, request);
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    SecretString: version.value,
    VersionStages: version.stages,
    CreatedDate: version.createdAtMs / 1000,
  };
}

function versionOf(secret: StoredSecret, { VersionId, VersionStage }: z.infer<typeof requestSchema>) {
  const stage = VersionStage ?? (VersionId === undefined ? 'AWSCURRENT' : undefined);
  const found = secret.versions.find(
    (version) =>
      (VersionId === undefined || version.id === VersionId) &&
      (stage === undefined || version.stages.includes(stage)),
  );
  if (found !== undefined) return found;
  const what = VersionId === undefined ? `staging label: ${stage}` : `VersionId: ${VersionId}`;
  throw new SecretsError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${what}`,
  );
}
