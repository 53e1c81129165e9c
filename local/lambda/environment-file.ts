import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const SOURCE = fileURLToPath(new URL('./environment.ts', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/oncepay/', import.meta.url));

let made: URL | undefined;

/**
 * `environment.ts` and its imports, bundled as one JavaScript file. Node would strip the types again in every worker, which
 * costs more than loading the function itself.
 */
export function environmentFile(): URL {
  made ??= make();
  return made;
}

function make(): URL {
  const { outputFiles } = buildSync({
    entryPoints: [SOURCE],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    write: false,
  });
  const code = outputFiles.map(({ text }) => text).join('');
  const file = join(CACHE, `environment-${createHash('sha256').update(code).digest('hex').slice(0, 32)}.mjs`);
  if (existsSync(file)) utimesSync(file, new Date(), new Date());
  else write(file, code);
  return pathToFileURL(file);
}

/** Written to a temporary file and renamed, so that a concurrent first start never reads part of it. */
function write(file: string, code: string): void {
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${file}.${process.pid}.unfinished`;
  writeFileSync(unfinished, code);
  renameSync(unfinished, file);
}
