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
  /** The folder in which several runtimes collect the grants that they used; undefined: none. */
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
 * The access check of all services of a runtime, with the record of its grants and their use.
 *
 * @param onLine called with each refusal as with a function's log line
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
