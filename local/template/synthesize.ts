import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';

/** Everything that can change the templates or the bundles. */
const SOURCES = [
  'bin',
  'lib',
  'lambdas',
  'operations',
  'domain',
  'adapters',
  'simulator',
  'db',
  'docs/openapi.json',
];
const FILES = ['package.json', 'package-lock.json', 'tsconfig.json', 'cdk.json'];

export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}

export interface SynthesisOptions {
  /** The project's folder. */
  readonly root: string;
  /** The cache of assemblies, by stage and content: all data directories of one clone share it. */
  readonly cache: string;
  readonly stage: string;
}

/** A running runtime loads bundles from its assembly; one that has not been started for this long is unused. */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/**
 * The cloud assembly of a stage: synthesized, or cached if no input has changed.
 *
 * @returns the assembly's directory
 * @throws SynthesisError with the CDK app's output
 */
export async function synthesize({ root, cache, stage }: SynthesisOptions): Promise<string> {
  const output = join(cache, `${stage}-${fingerprintOf(root, stage)}`);
  if (existsSync(output)) {
    utimesSync(output, new Date(), new Date());
    return output;
  }
  mkdirSync(cache, { recursive: true });
  removeOld(cache);
  // Written to a temporary folder and renamed, so that a concurrent first start never sees part of it.
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  try {
    await runApp(root, unfinished, stage);
    if (!existsSync(output)) renameSync(unfinished, output);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return output;
}

function removeOld(cache: string): void {
  for (const name of readdirSync(cache)) {
    const directory = join(cache, name);
    if (Date.now() - statSync(directory).mtimeMs > KEEP_MS)
      rmSync(directory, { recursive: true, force: true });
  }
}

function fingerprintOf(root: string, stage: string): string {
  const hash = createHash('sha256').update(stage).update(process.version);
  const files = [...FILES, ...SOURCES.flatMap((source) => filesIn(root, source))].sort();
  for (const file of files) hash.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex').slice(0, 32);
}

function filesIn(root: string, source: string): readonly string[] {
  if (source.includes('.')) return [source];
  return globSync(`${source}/**/*.*`, { cwd: root });
}

/** As the CDK's own command runs it: output and context are passed in the environment. */
async function runApp(root: string, output: string, stage: string): Promise<void> {
  const app = spawn(process.execPath, ['bin/oncepay.ts'], {
    cwd: root,
    env: {
      ...process.env,
      CDK_OUTDIR: output,
      CDK_CONTEXT_JSON: JSON.stringify({ stage, compliance: 'off' }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [app.stdout, app.stderr]) {
    stream.on('data', (chunk) => {
      said += String(chunk);
    });
  }
  const code = await new Promise((resolve, reject) => app.once('error', reject).once('close', resolve));
  if (code !== 0)
    throw new SynthesisError(`The CDK app of stage ${stage} could not be synthesized:\n${said.trim()}`);
}
