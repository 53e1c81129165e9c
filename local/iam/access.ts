import type { IncomingHttpHeaders } from 'node:http';
import { type AccessRefusal, ORIGIN_HEADER, type ServiceAccess } from '../service-access.ts';
import { callerOf } from '../service-request.ts';
import { type AccessRules, compilePolicy, type HeldPolicy } from './access-rules.ts';
import { evaluate } from './evaluate.ts';
import { keyNeeds, type Need } from './needs.ts';
import { administrator, type Principal, rolePrincipal } from './principal.ts';
import { messageOf, missingGrant, type Refused } from './refusal.ts';
import type { CompiledStatement, Grant } from './statement.ts';

export interface AccessOptions {
  readonly rules: AccessRules;
  /** Called when a grant first decides a request. */
  readonly onUsed: (grant: Grant) => void;
  /** Called for every refusal with one line for people that names the missing grant. */
  readonly onRefused: (line: string) => void;
}

/** The templates' principals need some hundred decisions, but a request may name any resource: at this size the cache is cleared. */
const CACHE_LIMIT = 10_000;

/** Decides requests by the policies of the templates. Decisions are cached. */
export class Access implements ServiceAccess {
  private readonly options: AccessOptions;
  /** By the role's ARN. */
  private readonly identities: ReadonlyMap<string, readonly CompiledStatement[]>;
  /** By the resource's ARN. */
  private readonly resources: ReadonlyMap<string, readonly CompiledStatement[]>;
  /** By access key id. */
  private readonly callers: ReadonlyMap<string, Principal>;
  private readonly administrator: Principal;
  /** By principal, resource, action and context. */
  private readonly decisions: Map<string, Map<string, Map<string, Map<string, Refused | 'allowed'>>>> =
    new Map();
  private decisionCount = 0;

  /** @throws UnknownPolicyError */
  constructor(options: AccessOptions) {
    const { accountId, roles, callers, resourcePolicies } = options.rules;
    const compile = (policies: readonly HeldPolicy[]) =>
      policies.flatMap((policy) => compilePolicy(policy, accountId));
    this.options = options;
    this.administrator = administrator(accountId);
    this.identities = new Map(roles.map(({ arn, policies }) => [arn, compile(policies)]));
    const byResource = Map.groupBy(resourcePolicies, ({ resource }) => resource);
    this.resources = new Map(
      [...byResource].map(([arn, held]) => [arn, compile(held.map(({ policy }) => policy))]),
    );
    this.callers = new Map(
      callers.map(({ accessKeyId, roleArn, functionName }) => [
        accessKeyId,
        rolePrincipal(roleArn, functionName),
      ]),
    );
  }

  refuse(headers: IncomingHttpHeaders, needs: readonly Need[]): AccessRefusal | undefined {
    const accessKeyId = callerOf(headers.authorization);
    const origin = headers[ORIGIN_HEADER];
    if (origin !== undefined && origin !== accessKeyId) {
      this.options.onRefused(`${origin} uses credentials that are not its role’s: ${accessKeyId}`);
      return {
        kind: 'unknown_credentials',
        action: '',
        message: 'The security token included in the request is invalid.',
      };
    }
    const principal = this.callers.get(accessKeyId) ?? this.administrator;
    for (const need of needs) {
      const refused = this.refused(principal, need);
      if (refused !== undefined) return asService(refused, need);
    }
    return undefined;
  }

  /** Undefined if the principal may, including its use of a customer key. */
  refused(principal: Principal, need: Need): Refused | undefined {
    const decided = this.decisionsOn(principal, need);
    const context = need.context === undefined ? '' : JSON.stringify(need.context);
    let decision = decided.get(context);
    if (decision === undefined) {
      decision = this.judge(principal, need) ?? 'allowed';
      decided.set(context, decision);
      this.decisionCount += 1;
    }
    if (decision === 'allowed') return undefined;
    this.options.onRefused(missingGrant(decision));
    return decision;
  }

  /** By context. Nested maps rather than one key: joining three strings would cost more than the rest. */
  private decisionsOn({ name }: Principal, { resource, action }: Need): Map<string, Refused | 'allowed'> {
    if (this.decisionCount >= CACHE_LIMIT) {
      this.decisions.clear();
      this.decisionCount = 0;
    }
    const ofPrincipal = getOrMake(this.decisions, name, () => new Map());
    const onResource = getOrMake(ofPrincipal, resource, () => new Map());
    return getOrMake(onResource, action, () => new Map());
  }

  /** Every grant that the policies hold, used or not. */
  grants(): readonly Grant[] {
    return [...this.identities.values(), ...this.resources.values()]
      .flat()
      .flatMap((statement) => statement.grants());
  }

  private judge(principal: Principal, need: Need): Refused | undefined {
    const { keys, region, accountId } = this.options.rules;
    const keyArn = keys[need.resource];
    const ofKey = keyArn === undefined ? [] : keyNeeds(need, { keyArn, region, accountId });
    for (const one of [need, ...ofKey]) {
      const decision = evaluate(
        {
          principal,
          action: one.action,
          resource: one.resource,
          // A request over the loopback interface counts as TLS: it doesn't leave the machine.
          context: { 'aws:securetransport': 'true', ...one.context },
        },
        {
          identity: principal.kind === 'role' ? (this.identities.get(principal.arn) ?? []) : [],
          resource: this.resources.get(one.resource) ?? [],
        },
      );
      if (decision.kind === 'denied') return { principal, need: one, why: decision.why };
      for (const grant of decision.by) this.options.onUsed(grant);
    }
    return undefined;
  }
}

function getOrMake<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function asService(refused: Refused, asked: Need): AccessRefusal {
  const { action } = refused.need;
  return { kind: refused.need === asked ? 'denied' : 'key_denied', action, message: messageOf(refused) };
}
