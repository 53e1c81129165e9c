import type { RequestContext } from './conditions.ts';

/** One action on one resource that a request needs to be allowed. */
export interface Need {
  /** IAM's name: `sqs:SendMessage`. */
  readonly action: string;
  /** An ARN, or `*` for what concerns no single resource. */
  readonly resource: string;
  /** In addition to the context of every request. */
  readonly context?: RequestContext;
}

/** The actions of a service on a resource's customer key on behalf of its caller. */
const KEY_ACTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  // SQS encrypts a message with a data key, and decrypts the key to check it.
  ['sqs:SendMessage', ['kms:GenerateDataKey', 'kms:Decrypt']],
  ['sqs:ReceiveMessage', ['kms:Decrypt']],
  ['sns:Publish', ['kms:GenerateDataKey', 'kms:Decrypt']],
  // The table's own key is stored encrypted; DynamoDB decrypts it for each principal.
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

/** The encryption context that names the resource in the key's policy, by service. */
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
    // The key's policy also sees the service that acts on the caller's behalf.
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
