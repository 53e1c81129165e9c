import { fileURLToPath } from 'node:url';
import { checkUsage, describeGrant, readUsage } from '../../local/iam/check-usage.ts';
import { UNUSED_GRANTS } from '../../local/iam/unused-grants.ts';

/** Where the runtimes of a test run gather which grants they use; kept until the next run. */
export const USAGE_DIRECTORY = fileURLToPath(
  new URL('../../node_modules/.cache/oncepay/iam-usage/', import.meta.url),
);

/** @returns what is wrong with the grants, a line each; none: nothing is granted in vain */
export function complaintsAboutGrants(directory: string): readonly string[] {
  const usage = readUsage(directory);
  const { unused, stale } = checkUsage(usage, UNUSED_GRANTS);
  return [
    ...usage.refused.map((line) => `refused though all tests passed: ${line}`),
    ...unused.map(
      (grant) =>
        `granted in vain: ${describeGrant(grant)}. Remove it, test what needs it, or give the reason in local/iam/unused-grants.ts.`,
    ),
    ...stale.map(
      ({ holder, actions, resource }) =>
        `no unused grant is like ${holder}: ${actions} on …${resource}…. Remove it from local/iam/unused-grants.ts.`,
    ),
  ];
}
