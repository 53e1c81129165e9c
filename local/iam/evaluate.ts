import type { CompiledStatement, Grant, PolicyRequest } from './statement.ts';

export type Decision =
  | { readonly kind: 'allowed'; readonly by: readonly Grant[] }
  | { readonly kind: 'denied'; readonly why: Why };

export type Why =
  | 'denied_by_identity'
  | 'denied_by_resource'
  | 'not_allowed_by_identity'
  | 'not_allowed_by_resource';

export interface Policies {
  /** The policies of the principal's role; an administrator and a service have none. */
  readonly identity: readonly CompiledStatement[];
  /** Of the resource. */
  readonly resource: readonly CompiledStatement[];
}

/**
 * IAM's decision within one account: an explicit deny wins; else the principal's policies or the resource's must allow. A
 * key is different: its own policy must allow, or delegate to the account, whose policies must then allow.
 */
export function evaluate(request: PolicyRequest, policies: Policies): Decision {
  const { identity, resource } = policies;
  if (denies(identity, request)) return { kind: 'denied', why: 'denied_by_identity' };
  if (denies(resource, request)) return { kind: 'denied', why: 'denied_by_resource' };
  const byResource = allowing(resource, request, 'named');
  if (byResource !== undefined) return { kind: 'allowed', by: [byResource] };
  if (request.principal.kind === 'service') return { kind: 'denied', why: 'not_allowed_by_resource' };
  if (!isKey(request)) return byIdentity(request, identity, []);
  const delegation = allowing(resource, request, 'by_account');
  return delegation === undefined
    ? { kind: 'denied', why: 'not_allowed_by_resource' }
    : byIdentity(request, identity, [delegation]);
}

function byIdentity(
  request: PolicyRequest,
  identity: readonly CompiledStatement[],
  delegations: readonly Grant[],
): Decision {
  if (request.principal.kind === 'administrator') return { kind: 'allowed', by: [] };
  const grant = allowing(identity, request, 'named');
  return grant === undefined
    ? { kind: 'denied', why: 'not_allowed_by_identity' }
    : { kind: 'allowed', by: [...delegations, grant] };
}

function denies(statements: readonly CompiledStatement[], request: PolicyRequest): boolean {
  return statements.some(
    (statement) => statement.effect === 'Deny' && statement.match(request) !== undefined,
  );
}

/** Only the first: a second grant of the same is superfluous. */
function allowing(
  statements: readonly CompiledStatement[],
  request: PolicyRequest,
  naming: 'named' | 'by_account',
): Grant | undefined {
  for (const statement of statements) {
    if (statement.effect === 'Deny') continue;
    const match = statement.match(request);
    if (match?.naming === naming) return match.grant;
  }
  return undefined;
}

function isKey({ resource }: PolicyRequest): boolean {
  return resource.startsWith('arn:aws:kms:');
}
