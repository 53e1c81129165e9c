import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { type Assembly, readAssembly } from '../local/template/assembly.ts';
import { synthesize } from '../local/template/synthesize.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DIST = join(ROOT, 'dist');

const functionSchema = z.object({
  Code: z.object({ S3Key: z.string() }),
  Environment: z.object({ Variables: z.object({ POWERTOOLS_SERVICE_NAME: z.string() }) }),
});

/**
 * `npm run build`: the package's contents, in `dist/`. The construct and the command line are compiled, since Node runs no
 * TypeScript in node_modules; the functions are bundled, so that users of the construct need neither their sources nor
 * esbuild; the migrations are copied, since the command line compares them with a stage's.
 */
async function build(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.build.json')], { stdio: 'inherit' });
  // Dev has every function, including those of the simulated PSPs.
  const cache = join(ROOT, 'node_modules/.cache/oncepay');
  copyBundles(readAssembly(await synthesize({ root: ROOT, cache, stage: 'dev' })));
  cpSync(join(ROOT, 'db/migrations'), join(DIST, 'db/migrations'), { recursive: true });
}

function copyBundles(assembly: Assembly): void {
  const resources = assembly.stacks.flatMap(({ template }) => Object.values(template.Resources));
  for (const { Type, Properties } of resources) {
    // The CDK's own functions have no such variable; the CDK provides them.
    const parsed = functionSchema.safeParse(Properties);
    if (Type !== 'AWS::Lambda::Function' || !parsed.success) continue;
    const { Code, Environment } = parsed.data;
    const folder = Environment.Variables.POWERTOOLS_SERVICE_NAME;
    const bundle = assembly.assetDirectory(Code.S3Key);
    if (bundle === undefined) throw new Error(`${folder} has no bundle ${Code.S3Key} in the assembly`);
    cpSync(bundle, join(DIST, 'functions', folder), { recursive: true });
  }
}

await build();
