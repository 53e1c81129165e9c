import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import * as z from 'zod/mini';

/** Of the package that this file is in: a clone, or an installed one. */
export function readVersion(): string {
  const manifest = findPackageJSON('..', import.meta.url) ?? '';
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, 'utf8'))).version;
}
