import { Access } from '../../local/iam/access.ts';
import type { AccessRules } from '../../local/iam/access-rules.ts';
import { parsePolicy } from '../../local/iam/policy-document.ts';
import type { Grant } from '../../local/iam/statement.ts';

export const ACCOUNT = '000000000000';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/WorkRole`;

type Json = Readonly<Record<string, unknown>>;

export interface TestPolicies {
  /** Statements of the function Work's role. */
  readonly identity?: readonly Json[];
  /** Statements by the ARN of the resource whose policy they are. */
  readonly resources?: Readonly<Record<string, readonly Json[]>>;
  /** The customer key of a resource, both by ARN. */
  readonly keys?: Readonly<Record<string, string>>;
}

function held(holder: string, statements: readonly Json[]) {
  const where = `Stack: ${holder}`;
  return { where, holder, statements: parsePolicy(where, { Version: '2012-10-17', Statement: statements }) };
}

/** One function, Work, whose requests are signed with the access key `Work`. */
export function rulesOf({ identity = [], resources = {}, keys = {} }: TestPolicies): AccessRules {
  return {
    accountId: ACCOUNT,
    region: 'us-east-1',
    roles: [{ arn: ROLE, policies: identity.length === 0 ? [] : [held('WorkRole', identity)] }],
    callers: [
      {
        accessKeyId: 'Work',
        roleArn: ROLE,
        functionName: 'work',
        functionArn: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:work`,
        logGroupArn: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:work`,
        isTraced: true,
      },
    ],
    triggers: [],
    gatewayLogRoles: [],
    resourcePolicies: Object.entries(resources).map(([resource, statements]) => ({
      resource,
      policy: held('Resource', statements),
    })),
    keys,
  };
}

/** The access of one function, with what it has told. */
export class TestAccess {
  readonly used: Grant[] = [];
  readonly refusals: string[] = [];
  readonly access: Access;

  constructor(policies: TestPolicies) {
    this.access = new Access({
      rules: rulesOf(policies),
      onUsed: (grant) => this.used.push(grant),
      onRefused: (line) => this.refusals.push(line),
    });
  }

  /** What the function's request comes to: undefined when it is allowed. */
  asks(action: string, resource: string, accessKeyId = 'Work'): string | undefined {
    return this.access.refuse(signedBy(accessKeyId), [{ action, resource }])?.message;
  }
}

export function signedBy(accessKeyId: string): { readonly authorization: string } {
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/sqs/aws4_request, Signature=0`,
  };
}
