import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import packageJson from '../../package.json' with { type: 'json' };

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/oncepay');
const HOME = join(CACHE, `chromium-${packageJson.devDependencies['@sparticuz/chromium']}`);

/** Why the package's Chromium can't run here; undefined if it can. */
export const NO_CHROMIUM =
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : `There is no Chromium in npm for ${process.platform} on ${process.arch}.`;

/** Unpacks 209 MB, once per version. Several test runs may do it at the same time: the first one to finish counts. */
export async function unpackChromium(): Promise<void> {
  if (existsSync(HOME)) return;
  await mkdir(CACHE, { recursive: true });
  const own = await mkdtemp(`${HOME}-`);
  // The second variable makes the package unpack its shared libraries as well.
  const environment = { ...process.env, TMPDIR: own, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' };
  const script = join(import.meta.dirname, 'unpack-chromium.ts');
  await promisify(execFile)(process.execPath, [script], { env: environment });
  await rename(own, HOME).catch(() => rm(own, { recursive: true }));
}

/**
 * The package's font alone makes text look the same on every machine. Its own configuration names directories of Lambda
 * only; where it finds no font there, text has no height, and is invisible.
 */
const FONTS = {
  FONTCONFIG_FILE: join(import.meta.dirname, 'chromium-fonts.conf'),
  XDG_DATA_HOME: join(HOME, 'fonts'),
  XDG_CACHE_HOME: join(HOME, 'cache'),
};

/** A browser of its own process. */
export async function launchChromium(): Promise<Browser> {
  const launch = (more: Record<string, string>) =>
    chromium.launch({ executablePath: join(HOME, 'chromium'), env: { ...process.env, ...FONTS, ...more } });
  // A machine without a desktop may lack libraries, which the package has for Lambda.
  return launch({}).catch(() => launch({ LD_LIBRARY_PATH: join(HOME, 'al2023/lib') }));
}
