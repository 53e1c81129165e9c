import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../lib/constructs/bundling.ts';
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
  const entry = fileURLToPath(new URL('bare-clients.ts', import.meta.url));
  const [bare, shortened] = [join(directory, 'bare'), join(directory, 'shortened')];
  bundle(bare, { entry, alias: {} });
  bundle(shortened, { entry });
  return [bundleIn(bare, BARE, {}), bundleIn(shortened, BARE_SHORTENED, {})];
}

function bundleIn(directory: string, name: string, environment: Readonly<Record<string, string>>): Bundle {
  const file = join(directory, 'index.mjs');
  return { name, file, bytes: statSync(file).size, environment };
}
