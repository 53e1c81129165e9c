// `node scripts/run.mjs <script> …`: runs a script of this project, or says what it lacks for that. All scripts of
// package.json start here. Any Node must be able to read this file.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { whatIsMissing } from '../cli/preflight.mjs';

const missing = whatIsMissing(['dependencies', 'devDependencies']);
if (missing !== undefined) {
  console.error(`oncepay: ${missing}`);
  process.exit(1);
}
const { forgetShellVariables } = await import('../adapters/shell-variables.ts');
forgetShellVariables(process.env);
// From here on as if Node had been given the script itself.
process.argv.splice(1, 1);
process.argv[1] = resolve(process.argv[1]);
await import(pathToFileURL(process.argv[1]).href);
