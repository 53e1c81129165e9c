import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** A grant as in a usage file, which omits undefined fields. */
export type UsedGrant = z.output<typeof grantSchema>;

/** A grant that may be unused, with the reason. */
export interface ReasonedGrant {
  readonly holder: string;
  readonly actions: readonly string[];
  readonly resource: string;
  readonly condition?: string;
  readonly reason: string;
}

export interface Usage {
  readonly granted: readonly UsedGrant[];
  readonly used: readonly UsedGrant[];
  /** The refused requests, a line each. */
  readonly refused: readonly string[];
}

export interface Verdict {
  /** Unused grants without a reason. */
  readonly unused: readonly UsedGrant[];
  readonly excused: readonly { readonly grant: UsedGrant; readonly reason: string }[];
  /** Reasons without an unused grant: no grant matches, or all matching ones were used. */
  readonly stale: readonly ReasonedGrant[];
}

const grantSchema = z.object({
  holder: z.string(),
  principal: z.string().optional(),
  action: z.string(),
  resource: z.string(),
  condition: z.string().optional(),
});
const lineSchema = z.union([
  z.object({ granted: grantSchema }),
  z.object({ used: grantSchema }),
  z.object({ refused: z.string() }),
]);

/** The grants, uses and refusals of all runtimes that wrote into this folder. */
export function readUsage(directory: string): Usage {
  const granted = new Map<string, UsedGrant>();
  const used = new Map<string, UsedGrant>();
  const refused = new Set<string>();
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.ndjson'))) {
    for (const text of readFileSync(join(directory, name), 'utf8').split('\n')) {
      const line = parse(text);
      if (line === undefined) continue;
      if ('granted' in line) granted.set(keyOf(line.granted), line.granted);
      else if ('used' in line) used.set(keyOf(line.used), line.used);
      else refused.add(line.refused);
    }
  }
  return { granted: [...granted.values()], used: [...used.values()], refused: [...refused] };
}

/** Undefined: the end of a file, or a partial line of a runtime that was killed. */
function parse(text: string): z.output<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A grant that was used in one stage counts as used in all: a stage test checks that none grants more than dev. */
export function checkUsage(
  { granted, used }: Pick<Usage, 'granted' | 'used'>,
  reasons: readonly ReasonedGrant[],
): Verdict {
  const usedKeys = new Set(used.map(keyInAnyStage));
  const idle = granted.filter((grant) => !usedKeys.has(keyInAnyStage(grant)));
  const reasonOf = (grant: UsedGrant) => reasons.find((reason) => fits(reason, grant));
  return {
    unused: idle.filter((grant) => reasonOf(grant) === undefined),
    excused: idle.flatMap((grant) => {
      const reason = reasonOf(grant)?.reason;
      return reason === undefined ? [] : [{ grant, reason }];
    }),
    stale: reasons.filter((reason) => !idle.some((grant) => fits(reason, grant))),
  };
}

/** One line for people: `AcceptPaymentRole…: sqs:SendMessage on arn:…`. */
export function describeGrant({ holder, principal, action, resource, condition }: UsedGrant): string {
  const whom = principal === undefined ? '' : ` for ${principal}`;
  const when = condition === undefined ? '' : ` if ${condition}`;
  return `${holder}: ${action} on ${resource}${whom}${when}`;
}

function fits(reason: ReasonedGrant, grant: UsedGrant): boolean {
  return (
    grant.holder.startsWith(reason.holder) &&
    reason.actions.includes(grant.action) &&
    grant.resource.includes(reason.resource) &&
    (grant.condition ?? '').includes(reason.condition ?? '')
  );
}

function keyOf({ holder, principal = '', action, resource, condition = '' }: UsedGrant): string {
  return [holder, principal, action, resource, condition].join('\n');
}

/** Without the stage in stack names, and without the hashes that the CDK, or the runtime for an API, computes from them. */
function keyInAnyStage(grant: UsedGrant): string {
  return keyOf(grant)
    .replaceAll(/Oncepay(-?)(?:dev|staging|prod)(?=-|[A-Z])/g, 'Oncepay$1')
    .replaceAll(/[0-9A-F]{8}|\b[0-9a-f]{10}\b/g, '');
}
