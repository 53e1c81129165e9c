#!/usr/bin/env node
// Any system Node starts this; the command itself runs on the Node that this project pins, as `npm start` does.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
const command = fileURLToPath(new URL('./oncepay.ts', import.meta.url));
const node = existsSync(pinned) ? pinned : process.execPath;
const { status, signal } = spawnSync(node, [command, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(signal === null ? (status ?? 1) : 130);
