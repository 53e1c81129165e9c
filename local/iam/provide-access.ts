import { join } from 'node:path';
import { asLogLine } from '../log-line.ts';
import type { Readiness } from '../readiness.ts';
import { Access } from './access.ts';
import type { AccessRules } from './access-rules.ts';
import { ServiceRoles } from './service-roles.ts';
import type { Grant } from './statement.ts';
import { UsageRecord } from './usage-record.ts';

export interface AccessDirectories {
  /** The runtime's data. */
  readonly data: string;
  /** Where a run of many runtimes gathers what all of them used; undefined: nowhere. */
  readonly gathered: string | undefined;
}

export interface ProvidedAccess {
  /** For a service in this thread. */
  readonly access: Access;
  readonly roles: ServiceRoles;
  readonly rules: AccessRules;
  /** For a service that decides in a thread of its own. */
  readonly onUsed: (grant: Grant) => void;
  readonly onRefused: (line: string) => void;
}

/**
 * What all services of a runtime ask, with the record of the grants that it has and uses.
 *
 * @param onLine told of refusals as of what a function logs
 * @throws UnknownPolicyError
 */
export function provideAccess(
  rules: AccessRules,
  { data, gathered }: AccessDirectories,
  onLine: (line: string) => void,
  readiness: Readiness,
): ProvidedAccess {
  const own = join(data, 'iam-usage.ndjson');
  const shared = gathered === undefined ? [] : [join(gathered, `${process.pid}.ndjson`)];
  const usage = new UsageRecord([own, ...shared], readiness);
  const onUsed = (grant: Grant) => usage.used(grant);
  const onRefused = (line: string) => {
    usage.refused(line);
    onLine(asLogLine('iam', `refused: ${line}`));
  };
  const access = new Access({ rules, onUsed, onRefused });
  usage.granted(access.grants());
  return { access, roles: new ServiceRoles(access, rules), rules, onUsed, onRefused };
}
