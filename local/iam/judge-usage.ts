import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Grant } from './statement.ts';

/** A grant that may go unused, as the product names it with its reason. */
export interface ReasonedGrant {
  readonly holder: string;
  readonly action: string;
  readonly resource: string;
  readonly reason: string;
}

export interface Usage {
  readonly granted: readonly Grant[];
  readonly used: readonly Grant[];
}

export interface Verdict {
  /** Granted in vain: neither used nor excused. */
  readonly unused: readonly Grant[];
  readonly excused: readonly { readonly grant: Grant; readonly reason: string }[];
  /** Reasons that excuse nothing: no grant is like it, or all that are have been used. */
  readonly stale: readonly ReasonedGrant[];
}

const grantSchema = z.object({
  holder: z.string(),
  principal: z.string().optional(),
  action: z.string(),
  resource: z.string(),
});
const lineSchema = z.union([z.object({ granted: grantSchema }), z.object({ used: grantSchema })]);

/** What all runtimes that wrote into this folder were granted and used. */
export function readUsage(directory: string): Usage {
  const granted = new Map<string, Grant>();
  const used = new Map<string, Grant>();
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
  const reasonOf = (grant: Grant) => reasons.find((reason) => fits(reason, grant));
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
export function describeGrant({ holder, principal, action, resource }: Grant): string {
  return `${holder}: ${action} on ${resource}${principal === undefined ? '' : ` for ${principal}`}`;
}

function fits(reason: ReasonedGrant, grant: Grant): boolean {
  return (
    grant.holder.startsWith(reason.holder) &&
    grant.action === reason.action &&
    grant.resource.includes(reason.resource)
  );
}

function keyOf({ holder, principal = '', action, resource }: z.infer<typeof grantSchema>): string {
  return [holder, principal, action, resource].join('\n');
}
