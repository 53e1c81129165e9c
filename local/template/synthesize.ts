import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Everything that can change the templates or the bundles. */
const SOURCES = ['bin', 'lib', 'lambdas', 'domain', 'adapters', 'db', 'docs/openapi.json'];
const FILES = ['package.json', 'package-lock.json', 'tsconfig.json', 'cdk.json'];

export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}

export interface SynthesisOptions {
  /** The project's folder. */
  readonly root: string;
  /** Where assemblies are kept, by stage. */
  readonly directory: string;
  readonly stage: string;
}

/**
 * The cloud assembly of a stage: synthesized, or the one from before when nothing that enters it has changed.
 *
 * @returns the assembly's directory
 * @throws SynthesisError with what the CDK app said
 */
export async function synthesize({ root, directory, stage }: SynthesisOptions): Promise<string> {
  const output = join(directory, stage);
  const stamp = join(directory, `${stage}.sha256`);
  const fingerprint = fingerprintOf(root, stage);
  if (existsSync(stamp) && existsSync(output) && readFileSync(stamp, 'utf8') === fingerprint) return output;
  const unfinished = `${output}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  rmSync(stamp, { force: true });
  mkdirSync(directory, { recursive: true });
  await runApp(root, unfinished, stage);
  rmSync(output, { recursive: true, force: true });
  renameSync(unfinished, output);
  writeFileSync(stamp, fingerprint);
  return output;
}

function fingerprintOf(root: string, stage: string): string {
  const hash = createHash('sha256').update(stage).update(process.version);
  const files = [...FILES, ...SOURCES.flatMap((source) => filesIn(root, source))].sort();
  for (const file of files) hash.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function filesIn(root: string, source: string): readonly string[] {
  if (source.includes('.')) return [source];
  return globSync(`${source}/**/*.*`, { cwd: root });
}

/** As the CDK's own command runs it: output and context come by environment. */
async function runApp(root: string, output: string, stage: string): Promise<void> {
  const app = spawn(process.execPath, ['bin/oncepay.ts'], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: output, CDK_CONTEXT_JSON: JSON.stringify({ stage }) },
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
