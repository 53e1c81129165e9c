import { fileURLToPath } from 'node:url';
import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A file or folder of the project that is copied beside the bundle. */
export interface Copied {
  readonly from: string;
  readonly to: string;
}

/**
 * The SDK is bundled, so that the version tested is the version run. `module` comes first, so that esbuild can tree-shake it.
 * Both made the cold start shorter than with the runtime's own SDK. Source maps are left out. The first alias makes each
 * bundle with a client a quarter smaller and its load time a tenth shorter.
 */
export function bundling(copied?: Copied): BundlingOptions {
  return {
    format: OutputFormat.ESM,
    target: 'node24',
    minify: true,
    bundleAwsSDK: true,
    mainFields: ['module', 'main'],
    esbuildArgs: {
      '--alias:@aws-sdk/credential-provider-node': `${ROOT}adapters/lambda-credentials.ts`,
      '--alias:@aws-sdk/endpoint-cache': `${ROOT}adapters/no-endpoint-cache.ts`,
      '--alias:@smithy/core/event-streams': `${ROOT}adapters/no-event-streams.ts`,
    },
    // Some dependencies are CommonJS and load Node's own modules with `require`.
    banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    forceDockerBundling: false,
    ...(copied === undefined ? {} : { commandHooks: copyAfterBundling(copied) }),
  };
}

function copyAfterBundling({ from, to }: Copied) {
  return {
    beforeBundling: () => [],
    beforeInstall: () => [],
    // Node rather than `cp`, which not every system has.
    afterBundling: (inputDir: string, outputDir: string) => [
      `node -e "require('node:fs').cpSync(process.argv[1],process.argv[2],{recursive:true})" "${inputDir}/${from}" "${outputDir}/${to}"`,
    ],
  };
}
