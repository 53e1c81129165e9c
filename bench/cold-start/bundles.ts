import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { type BundlingOptions, LogLevel, NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { bundling } from '../../lib/constructs/bundling.ts';
import { readAssembly } from '../../local/template/assembly.ts';
import { readDeployment } from '../../local/template/deployment.ts';
import { synthesize } from '../../local/template/synthesize.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const STAGE = 'staging';
/** The baseline of the comparison: the SDK's clients. */
export const BARE = 'bare clients';
/** The same without the credential chain, which none of our functions contains. */
export const BARE_SHORTENED = 'bare clients, our credentials';

/** The module that Lambda would load. */
export interface Bundle {
  /** The function's folder in `lambdas/`. */
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** Names in AWS's format; no request goes to these addresses. */
const IDENTITIES = {
  accountId: '000000000000',
  region: 'us-east-1',
  queueUrl: (name: string) => `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`,
};

/** Every function's bundle as it would be deployed, by name. */
export async function deployedBundles(): Promise<readonly Bundle[]> {
  const cache = join(ROOT, 'node_modules/.cache/oncepay');
  const assembly = readAssembly(await synthesize({ root: ROOT, cache, stage: STAGE }));
  return readDeployment(assembly, IDENTITIES)
    .functions.map(({ directory, serviceName, environment }) => bundleIn(directory, serviceName, environment))
    .toSorted((one, other) => one.name.localeCompare(other.name));
}

/** Only the three SDK clients, bundled with the functions' settings, without and with the functions' replacements in the SDK. */
export function bareBundles(directory: string): readonly Bundle[] {
  const shortened = bundling();
  const { esbuildArgs: _alias, ...asShipped } = shortened;
  return [
    bareBundle(join(directory, 'bare'), BARE, asShipped),
    bareBundle(join(directory, 'shortened'), BARE_SHORTENED, shortened),
  ];
}

function bareBundle(outdir: string, name: string, settings: BundlingOptions): Bundle {
  const app = new App({ outdir });
  new NodejsFunction(new Stack(app, 'Bare'), 'Clients', {
    entry: fileURLToPath(new URL('bare-clients.ts', import.meta.url)),
    runtime: Runtime.NODEJS_24_X,
    projectRoot: ROOT,
    depsLockFilePath: `${ROOT}package-lock.json`,
    bundling: { ...settings, logLevel: LogLevel.ERROR },
  });
  const [asset] = globSync('asset.*', { cwd: app.synth().directory });
  if (asset === undefined) throw new Error('the bare clients were not bundled');
  return bundleIn(join(outdir, asset), name, {});
}

function bundleIn(directory: string, name: string, environment: Readonly<Record<string, string>>): Bundle {
  const file = join(directory, 'index.mjs');
  return { name, file, bytes: statSync(file).size, environment };
}
