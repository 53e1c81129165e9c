import type { RequestContext } from './conditions.ts';

/** One action on one resource that a request needs to be allowed. */
export interface Need {
  /** As IAM names it, `sqs:SendMessage`. */
  readonly action: string;
  /** An ARN, or `*` for what concerns no single resource. */
  readonly resource: string;
  /** Beside what every request has. */
  readonly context?: RequestContext;
}

/** What a service does with a resource's customer key on behalf of whoever calls it. */
const KEY_ACTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  // A message is encrypted with a data key, which SQS also opens to check it.
  ['sqs:SendMessage', ['kms:GenerateDataKey', 'kms:Decrypt']],
  ['sqs:ReceiveMessage', ['kms:Decrypt']],
  ['sns:Publish', ['kms:GenerateDataKey', 'kms:Decrypt']],
  // The table's own key lies encrypted beside it; DynamoDB opens it for each principal.
  ['dynamodb:BatchGetItem', ['kms:Decrypt']],
  ['dynamodb:BatchWriteItem', ['kms:Decrypt']],
  ['dynamodb:DeleteItem', ['kms:Decrypt']],
  ['dynamodb:GetItem', ['kms:Decrypt']],
  ['dynamodb:PutItem', ['kms:Decrypt']],
  ['dynamodb:Query', ['kms:Decrypt']],
  ['dynamodb:Scan', ['kms:Decrypt']],
  ['dynamodb:UpdateItem', ['kms:Decrypt']],
  ['secretsmanager:GetSecretValue', ['kms:Decrypt']],
  ['secretsmanager:PutSecretValue', ['kms:GenerateDataKey', 'kms:Decrypt']],
]);

/** What names the encrypted resource to the key's policy, by service. */
const ENCRYPTION_CONTEXT: Readonly<Record<string, string>> = {
  sqs: 'aws:sqs:arn',
  secretsmanager: 'secretarn',
};

/** What a request on an encrypted resource needs of its key. */
export function keyNeeds(
  { action, resource, context: asked }: Need,
  { keyArn, region, accountId }: { readonly keyArn: string; readonly region: string; accountId: string },
): readonly Need[] {
  const service = action.split(':', 1).join();
  const name = ENCRYPTION_CONTEXT[service];
  const context = {
    // On whose behalf a service asks its key's policy is told too.
    ...asked,
    'kms:viaservice': `${service}.${region}.amazonaws.com`,
    'kms:calleraccount': accountId,
    ...(name === undefined ? {} : { [`kms:encryptioncontext:${name}`]: resource }),
  };
  return (KEY_ACTIONS.get(action) ?? []).map((keyAction) => ({
    action: keyAction,
    resource: keyArn,
    context,
  }));
}
