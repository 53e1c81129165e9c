import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** A grant as a usage file has it: what is undefined is left out. */
export type UsedGrant = z.output<typeof grantSchema>;

/** A grant that may go unused, as the product names it with its reason. */
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
}

export interface Verdict {
  /** Granted in vain: neither used nor excused. */
  readonly unused: readonly UsedGrant[];
  readonly excused: readonly { readonly grant: UsedGrant; readonly reason: string }[];
  /** Reasons that excuse nothing: no grant is like it, or all that are have been used. */
  readonly stale: readonly ReasonedGrant[];
}

const grantSchema = z.object({
  holder: z.string(),
  principal: z.string().optional(),
  action: z.string(),
  resource: z.string(),
  condition: z.string().optional(),
});
const lineSchema = z.union([z.object({ granted: grantSchema }), z.object({ used: grantSchema })]);

/** What all runtimes that wrote into this folder were granted and used. */
export function readUsage(directory: string): Usage {
  const granted = new Map<string, UsedGrant>();
  const used = new Map<string, UsedGrant>();
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.ndjson'))) {
    for (const line of readFileSync(join(directory, name), 'utf8').split('\n')) {
      // The last line of a runtime that was killed while it wrote may be a part of one.
      if (!line.endsWith('}}')) continue;
      const parsed = lineSchema.parse(JSON.parse(line));
      if ('granted' in parsed)
        granted.set(keyOf(parsed.granted), { principal: undefined, ...parsed.granted });
      else used.set(keyOf(parsed.used), { principal: undefined, ...parsed.used });
    }
  }
  return { granted: [...granted.values()], used: [...used.values()] };
}

export function judgeUsage({ granted, used }: Usage, reasons: readonly ReasonedGrant[]): Verdict {
  const usedKeys = new Set(used.map(keyOf));
  const idle = granted.filter((grant) => !usedKeys.has(keyOf(grant)));
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
