/**
 * Lists the used and unused grants of the last test run, or of a runtime's data folder:
 * `npm run iam-usage -- .oncepay`.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkUsage, describeGrant, readUsage } from '../local/iam/check-usage.ts';
import { UNUSED_GRANTS } from '../local/iam/unused-grants.ts';

const LAST_TEST_RUN = fileURLToPath(new URL('../node_modules/.cache/oncepay/iam-usage/', import.meta.url));

const [folder] = process.argv.slice(2);
// A path is from where the user typed the command: npm has changed into this project's folder since.
const directory = folder === undefined ? LAST_TEST_RUN : resolve(process.env.INIT_CWD ?? '.', folder);
if (!existsSync(directory))
  throw new Error(`${directory} does not exist: run npm test, or name a data folder.`);
const usage = readUsage(directory);
const { unused, excused, stale } = checkUsage(usage, UNUSED_GRANTS);
const section = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [`${title} (${lines.length})`, ...lines.map((line) => `  ${line}`), ''];

console.log(
  [
    ...section('used', usage.used.map(describeGrant).sort()),
    ...section(
      'unused, with a reason',
      excused.map(({ grant, reason }) => `${describeGrant(grant)}: ${reason}`),
    ),
    ...section('refused', usage.refused),
    ...section('granted in vain', unused.map(describeGrant)),
    ...section(
      'reasons that fit no unused grant',
      stale.map(({ holder, actions, resource }) => `${holder}: ${actions} on …${resource}…`),
    ),
  ].join('\n'),
);
process.exitCode = unused.length + stale.length === 0 ? 0 : 1;
