import { UnknownPolicyError } from './errors.ts';
import type { PolicyStatement } from './policy-document.ts';
import { CompiledStatement } from './statement.ts';

/** A policy with what holds it; plain data, as a worker thread can be given it. */
export interface HeldPolicy {
  /** The stack, the logical id and the type of what holds it, for whoever has to change it. */
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
  /** What the function's environment has, and each of its requests is signed with. */
  readonly accessKeyId: string;
  readonly roleArn: string;
  readonly functionName: string;
  readonly functionArn: string;
  /** Without the `:*` at its end. */
  readonly logGroupArn: string;
  /** Whether Lambda sends its traces, by its role. */
  readonly isTraced: boolean;
}

/** All that the templates say about who may do what. */
export interface AccessRules {
  readonly accountId: string;
  readonly region: string;
  readonly roles: readonly RoleRules[];
  readonly callers: readonly CallerRules[];
  /** By the ARN of the resource: a queue, a function, a key, a role that is assumed. */
  readonly resourcePolicies: readonly { readonly resource: string; readonly policy: HeldPolicy }[];
  /** What a function does for CloudFormation while a stack is deployed: it invokes another. */
  readonly triggers: readonly { readonly providerArn: string; readonly handlerArn: string }[];
  /** By ARN: as whom API Gateway writes its logs. */
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
