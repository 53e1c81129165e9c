// Explains why this project can't run here. Any Node must be able to run this file, since it reports that Node is too
// old.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** The first version that runs TypeScript directly and has SQLite. */
const FIRST_NODE = 24;
/** The first few names of a long list are enough. */
const NAMES_SHOWN = 4;

/**
 * @param {readonly ('dependencies' | 'devDependencies')[]} kinds of packages that are needed
 * @returns {string | undefined} what is missing and how to get it
 */
export function whatIsMissing(kinds) {
  const missing = missingPackages(kinds);
  if (missing.length > 0) return tellPackages(missing, kinds);
  if (Number(process.versions.node.split('.')[0]) < FIRST_NODE) return tellNode();
  return undefined;
}

function missingPackages(kinds) {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const names = kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}));
  return names.filter((name) => !isInstalled(name));
}

/** In this folder, or in one above it, as Node looks for it. */
function isInstalled(name) {
  for (let folder = ROOT; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name, 'package.json'))) return true;
    if (folder === dirname(folder)) return false;
  }
}

function tellPackages(missing, kinds) {
  const more = missing.length - NAMES_SHOWN;
  const names = missing.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
  const options = kinds.includes('devDependencies') ? ', without --omit=dev or NODE_ENV=production' : '';
  return `Packages that this needs are not installed: ${names}.\nRun npm ci${options}.`;
}

function tellNode() {
  return [
    `This needs Node ${FIRST_NODE} or newer, and runs on ${process.version}.`,
    `Install Node ${FIRST_NODE}. Or let this project bring its own: npm ci installs it, unless --ignore-scripts (pnpm's`,
    '(pnpm’s default) keeps it from doing so; then run npm ci without them, npm rebuild node, or pnpm approve-builds.',
  ].join('\n');
}
