import * as z from 'zod';

const NAMED = 'names or describes it for people';
/** Parsed by local/iam/policy-document.ts, which refuses every part that isn't evaluated. */
const policyDocument = z.unknown();

export const roleProperties = {
  honoured: z.object({
    RoleName: z.string().optional(),
    AssumeRolePolicyDocument: policyDocument,
    Policies: z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: policyDocument })).default([]),
  }),
  inert: { Description: NAMED },
};

export const policyProperties = {
  honoured: z.object({ PolicyDocument: policyDocument, Roles: z.array(z.string()).min(1) }),
  inert: { PolicyName: NAMED },
};

export const queuePolicyProperties = {
  honoured: z.object({ PolicyDocument: policyDocument, Queues: z.array(z.string()).min(1) }),
  inert: {},
};

export const topicPolicyProperties = {
  honoured: z.object({ PolicyDocument: policyDocument, Topics: z.array(z.string()).min(1) }),
  inert: {},
};

export const keyProperties = {
  honoured: z.object({ KeyPolicy: policyDocument }),
  inert: {
    Description: NAMED,
    EnableKeyRotation: 'nothing is encrypted here: only the key’s permissions apply',
    PendingWindowInDays: 'nothing here deletes a key',
  },
};

/** Of each log group: whose key encrypts it. Its lines go to the terminal and to a file. */
export const logGroupProperties = {
  honoured: z.object({ LogGroupName: z.string().optional(), KmsKeyId: z.string().optional() }),
  inert: { RetentionInDays: 'the log files are limited by size' },
};

/** API Gateway's settings for the account and region: the role with which it writes its logs. */
export const gatewayAccountProperties = { honoured: z.object({ CloudWatchRoleArn: z.string() }), inert: {} };

/** Of encrypted resources, whose other properties local/template/deployment.ts reads. */
export const encryptedQueue = z.object({
  QueueName: z.string().optional(),
  FifoQueue: z.boolean().optional(),
  KmsMasterKeyId: z.string().optional(),
});
export const encryptedTopic = z.object({
  TopicName: z.string().optional(),
  KmsMasterKeyId: z.string().optional(),
});
export const encryptedSecret = z.object({ KmsKeyId: z.string().optional() });
export const protectedTable = z.object({
  TableName: z.string().optional(),
  Replicas: z
    .array(
      z.object({
        SSESpecification: z.object({ KMSMasterKeyId: z.string() }).optional(),
        ResourcePolicy: z.object({ PolicyDocument: policyDocument }).optional(),
      }),
    )
    .max(1, 'a table in more than one region')
    .default([]),
});

/** Becomes a statement of the function's own policy. */
export const permissionProperties = {
  honoured: z.object({
    Action: z.string(),
    /** A name, or the ARN of a function, of a version or of an alias. */
    FunctionName: z.string(),
    Principal: z.string(),
    SourceArn: z.string().optional(),
    SourceAccount: z.string().optional(),
  }),
  inert: {},
};
