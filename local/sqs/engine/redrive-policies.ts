import * as z from 'zod';
import { invalidParameter } from '../errors.ts';

const redriveSchema = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().int().min(1).max(1_000),
});

const allowSchema = z.discriminatedUnion('redrivePermission', [
  z.strictObject({ redrivePermission: z.literal('allowAll') }),
  z.strictObject({ redrivePermission: z.literal('denyAll') }),
  z.strictObject({
    redrivePermission: z.literal('byQueue'),
    sourceQueueArns: z.array(z.string()).min(1).max(10),
  }),
]);

export type RedrivePolicy = z.infer<typeof redriveSchema>;
export type RedriveAllowPolicy = z.infer<typeof allowSchema>;

/** @throws SqsError InvalidParameterValue */
export function redrivePolicyOf(text: string | undefined): RedrivePolicy | undefined {
  return parsed(redriveSchema, 'RedrivePolicy', text, 'It takes deadLetterTargetArn and maxReceiveCount.');
}

/** @throws SqsError InvalidParameterValue */
export function redriveAllowPolicyOf(text: string | undefined): RedriveAllowPolicy | undefined {
  return parsed(
    allowSchema,
    'RedriveAllowPolicy',
    text,
    'It takes redrivePermission, allowAll, denyAll or byQueue, and with byQueue 1 to 10 sourceQueueArns.',
  );
}

/** Whether a dead-letter queue with this policy accepts messages of the queue of this ARN. Without a policy it does. */
export function allowsSource(policy: RedriveAllowPolicy | undefined, sourceArn: string): boolean {
  switch (policy?.redrivePermission) {
    case undefined:
    case 'allowAll':
      return true;
    case 'denyAll':
      return false;
    case 'byQueue':
      return policy.sourceQueueArns.includes(sourceArn);
  }
}

function parsed<Policy>(
  schema: z.ZodType<Policy>,
  name: string,
  text: string | undefined,
  taken: string,
): Policy | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw invalidParameter(`Value ${text} for parameter ${name} is invalid. Reason: ${taken}`);
  }
}
