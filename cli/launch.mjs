#!/usr/bin/env node
// Any system Node starts this; the command itself runs on the Node that this project pins, as `npm start` does. In the
// package there are no sources: Node runs no TypeScript there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { whatIsMissing } from './preflight.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const pinned = here('../node_modules/node/bin/node');
const source = here('./oncepay.ts');
const command = existsSync(source) ? source : here('../dist/cli/oncepay.js');
// Whoever installed the package installed what it depends on; a clone may lack it.
const missing = existsSync(pinned) ? undefined : whatIsMissing(existsSync(source) ? ['dependencies'] : []);
if (missing !== undefined) {
  console.error(`oncepay: ${missing}`);
  process.exit(2);
}
const node = existsSync(pinned) ? pinned : process.execPath;
// What Node has made of the sources once, it need not make again: two fifths of the time of most commands.
const env = { NODE_COMPILE_CACHE: here('../node_modules/.cache/oncepay/compiled'), ...process.env };
const options = { stdio: 'inherit', ...(existsSync(source) ? { env } : {}) };
const { status, signal } = spawnSync(node, [command, ...process.argv.slice(2)], options);
process.exit(signal === null ? (status ?? 1) : 130);
