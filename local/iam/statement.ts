import { type Condition, compileConditions, type RequestContext } from './conditions.ts';
import { UnknownPolicyError } from './errors.ts';
import { actionPattern, type Pattern, textPattern } from './pattern.ts';
import type { PolicyStatement } from './policy-document.ts';
import type { Principal } from './principal.ts';

/** One action on one resource that a policy allows: the unit that a reviewer accepts or removes. */
export interface Grant {
  /** The logical id of the role, queue, key, … that has the policy. */
  readonly holder: string;
  /** The principal of a resource's policy; undefined in a role's policy. */
  readonly principal: string | undefined;
  readonly action: string;
  readonly resource: string;
  /** As it is written, in JSON; undefined: none. */
  readonly condition: string | undefined;
}

export interface PolicyRequest {
  readonly principal: Principal;
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
}

/** How a statement names the caller: directly, or by its account, which delegates to the account's policies. */
type Naming = 'named' | 'by_account' | 'not_named';

interface Holder {
  readonly holder: string;
  readonly accountId: string;
}

/** One compiled statement, evaluated for every decision that isn't cached. */
export class CompiledStatement {
  readonly effect: PolicyStatement['Effect'];
  private readonly actions: readonly Pattern[];
  private readonly resources: readonly Pattern[];
  private readonly principals: readonly PrincipalPattern[] | undefined;
  private readonly condition: Condition;
  private readonly conditionText: string | undefined;
  private readonly holder: string;

  /** @throws UnknownPolicyError */
  constructor(statement: PolicyStatement, { holder, accountId }: Holder) {
    this.holder = holder;
    this.effect = statement.Effect;
    this.actions = statement.Action.map(actionPattern);
    this.resources = statement.Resource.map(textPattern);
    this.principals =
      statement.Principal === undefined ? undefined : principalPatterns(statement.Principal, accountId);
    this.condition = compileConditions(statement.Condition);
    const isConditional = Object.keys(statement.Condition).length > 0;
    this.conditionText = isConditional ? JSON.stringify(statement.Condition) : undefined;
  }

  /** Every grant of the statement. A denial has none. */
  grants(): readonly Grant[] {
    if (this.effect === 'Deny') return [];
    const principals = this.principals?.map(({ text }) => text) ?? [undefined];
    return principals.flatMap((principal) =>
      this.actions.flatMap((action) =>
        this.resources.map((resource) => this.grant(principal, action, resource)),
      ),
    );
  }

  /** How it matches the request, and by which grant; undefined: not at all. */
  match(request: PolicyRequest): { readonly naming: Naming; readonly grant: Grant } | undefined {
    const action = this.actions.find((pattern) => pattern.matches(request.action));
    if (action === undefined) return undefined;
    const resource = this.resources.find((pattern) => pattern.matches(request.resource));
    if (resource === undefined || !this.condition(request.context)) return undefined;
    if (this.principals === undefined)
      return { naming: 'named', grant: this.grant(undefined, action, resource) };
    for (const principal of this.principals) {
      const naming = principal.names(request.principal);
      if (naming !== 'not_named') return { naming, grant: this.grant(principal.text, action, resource) };
    }
    return undefined;
  }

  private grant(principal: string | undefined, action: Pattern, resource: Pattern): Grant {
    const { holder, conditionText: condition } = this;
    return { holder, principal, action: action.text, resource: resource.text, condition };
  }
}

interface PrincipalPattern {
  readonly text: string;
  names(principal: Principal): Naming;
}

function principalPatterns(
  { AWS, Service }: NonNullable<PolicyStatement['Principal']>,
  accountId: string,
): readonly PrincipalPattern[] {
  const byService = Service.map(
    (name): PrincipalPattern => ({
      text: name,
      names: (principal) => (principal.kind === 'service' && principal.name === name ? 'named' : 'not_named'),
    }),
  );
  return [...AWS.map((name) => accountPattern(name, accountId)), ...byService];
}

/** Roles by their ARN, everybody by `*`, the account by its number or its root. */
function accountPattern(text: string, accountId: string): PrincipalPattern {
  if (text === '*') return { text, names: () => 'named' };
  if (text === accountId || text === `arn:aws:iam::${accountId}:root`)
    return { text, names: (principal) => (principal.kind === 'service' ? 'not_named' : 'by_account') };
  if (!/^arn:aws:iam::\d{12}:role\/[^*?]+$/.test(text)) throw new UnknownPolicyError(`the principal ${text}`);
  return {
    text,
    names: (principal) => (principal.kind === 'role' && principal.arn === text ? 'named' : 'not_named'),
  };
}
