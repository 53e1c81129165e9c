import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The package bundles nothing, and has no esbuild. */
const require = createRequire(import.meta.url);

/** A file or folder of the project that is copied beside the bundle. */
export interface Copied {
  readonly from: string;
  readonly to: string;
}

export interface Bundling {
  /** The module with the handler. */
  readonly entry: string;
  readonly copied?: Copied | undefined;
  /** Modules that are replaced, by their names. */
  readonly alias?: Readonly<Record<string, string>>;
}

/** The first one makes each bundle with a client a quarter smaller and its load time a tenth shorter. */
const REPLACED = {
  '@aws-sdk/credential-provider-node': `${ROOT}adapters/lambda-credentials.ts`,
  '@aws-sdk/endpoint-cache': `${ROOT}adapters/no-endpoint-cache.ts`,
  '@smithy/core/event-streams': `${ROOT}adapters/no-event-streams.ts`,
};

/**
 * The code of a function as one module. It is bundled within the CDK's process: the CDK's own NodejsFunction starts npx for
 * each function, which takes longer than esbuild.
 */
export function bundledCode(bundling: Bundling): Code {
  return Code.fromAsset(ROOT, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // The CDK takes assets for the same if these are.
      command: [bundling.entry],
      // Never used, as the code is bundled without Docker.
      image: DockerImage.fromRegistry('none'),
      local: {
        tryBundle: (directory) => {
          bundle(directory, bundling);
          return true;
        },
      },
    },
  });
}

/**
 * Writes `index.mjs`. The SDK is bundled, so that the version tested is the version run. `module` comes first, so that
 * esbuild can tree-shake it. Both made the cold start shorter than with the runtime's own SDK. Source maps are left out.
 *
 * @throws if esbuild finds an error, which it also prints
 */
export function bundle(directory: string, { entry, copied, alias = REPLACED }: Bundling): void {
  const { buildSync }: typeof import('esbuild') = require('esbuild');
  buildSync({
    entryPoints: [entry],
    outfile: join(directory, 'index.mjs'),
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    mainFields: ['module', 'main'],
    alias: { ...alias },
    // Some dependencies are CommonJS and load Node's own modules with `require`.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  if (copied !== undefined) {
    cpSync(join(ROOT, copied.from), join(directory, copied.to), { recursive: true });
  }
}
