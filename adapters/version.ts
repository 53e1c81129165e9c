import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import * as z from 'zod/mini';

/** The version of this file's package: a clone, or an installed one. */
export function readVersion(): string {
  const manifest = findPackageJSON('..', import.meta.url) ?? '';
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, 'utf8'))).version;
}
