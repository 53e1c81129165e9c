import { UnknownPolicyError } from './errors.ts';
import type { PolicyStatement } from './policy-document.ts';
import { CompiledStatement } from './statement.ts';

/** A policy with its owner; plain data, which can be sent to a worker thread. */
export interface HeldPolicy {
  /** The stack, the logical id and the type of its owner, to find it in the code. */
  readonly where: string;
  /** The logical id of the role or of the resource. */
  readonly holder: string;
  readonly statements: readonly PolicyStatement[];
}

export interface RoleRules {
  readonly arn: string;
  /** Of the role's own policies, inline or attached. */
  readonly policies: readonly HeldPolicy[];
}

export interface CallerRules {
  /** The access key of the function's environment, with which it signs its requests. */
  readonly accessKeyId: string;
  readonly roleArn: string;
  readonly functionName: string;
  readonly functionArn: string;
  /** Without the `:*` at its end. */
  readonly logGroupArn: string;
  /** Whether Lambda sends its traces, with its role. */
  readonly isTraced: boolean;
}

/** All access rules of the templates. */
export interface AccessRules {
  readonly accountId: string;
  readonly region: string;
  readonly roles: readonly RoleRules[];
  readonly callers: readonly CallerRules[];
  /** By the ARN of the resource: a queue, a function, a key, a role that is assumed. */
  readonly resourcePolicies: readonly { readonly resource: string; readonly policy: HeldPolicy }[];
  /** A function that invokes another for CloudFormation during a deployment. */
  readonly triggers: readonly { readonly providerArn: string; readonly handlerArn: string }[];
  /** By ARN: the roles with which API Gateway writes its logs. */
  readonly gatewayLogRoles: readonly string[];
  /** The customer key that encrypts a resource, both by ARN. */
  readonly keys: Readonly<Record<string, string>>;
}

/** @throws UnknownPolicyError naming what holds the policy and the part that isn't evaluated here */
export function compilePolicy(policy: HeldPolicy, accountId: string): readonly CompiledStatement[] {
  return policy.statements.map((statement) => {
    try {
      return new CompiledStatement(statement, { holder: policy.holder, accountId });
    } catch (error) {
      if (!(error instanceof UnknownPolicyError)) throw error;
      throw new UnknownPolicyError(
        `${policy.where} holds a policy with ${error.message}, which isn't evaluated here.`,
      );
    }
  });
}
