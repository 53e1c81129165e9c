import * as z from 'zod';

const NAMED = 'names or describes it to people';
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

/** What Lambda makes a statement of the function's own policy. */
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
