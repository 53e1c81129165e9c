import type { Why } from './evaluate.ts';
import type { Need } from './needs.ts';
import type { Principal } from './principal.ts';

/** A request that IAM refuses. */
export interface Refused {
  readonly principal: Principal;
  readonly need: Need;
  readonly why: Why;
}

/** AWS's message to the caller. */
export function messageOf({ principal, need: { action, resource }, why }: Refused): string {
  return `User: ${principal.name} is not authorized to perform: ${action} on resource: ${resource} ${reasonOf(why, action)}`;
}

function reasonOf(why: Why, action: string): string {
  switch (why) {
    case 'denied_by_identity':
      return 'with an explicit deny in an identity-based policy';
    case 'denied_by_resource':
      return 'with an explicit deny in a resource-based policy';
    case 'not_allowed_by_identity':
      return `because no identity-based policy allows the ${action} action`;
    case 'not_allowed_by_resource':
      return `because no resource-based policy allows the ${action} action`;
  }
}

/** One line for the developer: the principal, the missing grant and its place. */
export function missingGrant({ principal, need: { action, resource }, why }: Refused): string {
  const who = principal.kind === 'role' ? `${principal.functionName} (${principal.arn})` : principal.name;
  switch (why) {
    case 'denied_by_identity':
      return `${who} is denied ${action} on ${resource} by its role`;
    case 'denied_by_resource':
      return `${who} is denied ${action} by the policy of ${resource}`;
    case 'not_allowed_by_identity':
      return `${who} lacks the grant ${action} on ${resource}`;
    case 'not_allowed_by_resource':
      return `${who} lacks the grant ${action} in the policy of ${resource}`;
  }
}
