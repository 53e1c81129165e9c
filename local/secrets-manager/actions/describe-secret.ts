import * as z from 'zod';
import type { ActionContext } from './action.ts';

const requestSchema = z.strictObject({ SecretId: z.string() });

export function describeSecret({ store, rotations }: ActionContext, body: unknown): object {
  const secret = store.get(requestSchema.parse(body).SecretId);
  const functionArn = rotations.functionOf(secret.arn);
  const staged = secret.versions.filter(({ stages }) => stages.length > 0);
  return {
    ARN: secret.arn,
    Name: secret.name,
    CreatedDate: secret.createdAtMs / 1000,
    VersionIdsToStages: Object.fromEntries(staged.map(({ id, stages }) => [id, stages])),
    RotationEnabled: functionArn !== undefined,
    ...(functionArn === undefined ? {} : { RotationLambdaARN: functionArn }),
    ...(secret.rotatedAtMs === null ? {} : { LastRotatedDate: secret.rotatedAtMs / 1000 }),
  };
}
