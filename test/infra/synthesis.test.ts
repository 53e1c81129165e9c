import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scanText } from '../support/secret-scan.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CDK = join(ROOT, 'node_modules/.bin/cdk');
/** Nothing listens there: whoever asked the network would fail. */
const NOWHERE = 'http://127.0.0.1:9';

const run = promisify(execFile);

/** With the PATH that finds Node and npx, an empty home, and nothing else. */
function cdk(home: string, ...options: readonly string[]) {
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  return run(CDK, options, {
    cwd: ROOT,
    env: { PATH: path, HOME: home, HTTP_PROXY: NOWHERE, HTTPS_PROXY: NOWHERE },
  });
}

/**
 * In bytes, a tenth above what is needed; a function without a budget fails. Each tenth of a megabyte is some 20 ms of
 * every cold start: `npm run bench -- cold-start`.
 */
const BUDGETS: Readonly<Record<string, number>> = {
  'accept-payment': 375_000,
  'authorize-merchant': 260_000,
  'control-simulator': 310_000,
  'describe-api': 64_000,
  'execute-instructions': 400_000,
  'measure-pipeline': 325_000,
  'migrate-database': 340_000,
  'purge-expired': 320_000,
  'read-ledger': 270_000,
  'read-payment': 290_000,
  'receive-event': 375_000,
  'redrive-dead-letters': 365_000,
  'relay-instructions': 350_000,
  'rotate-database-secret': 330_000,
  'sweep-movements': 385_000,
  'simulate-psp': 320_000,
};

interface Template {
  readonly Resources: Record<
    string,
    {
      readonly Type: string;
      readonly Properties: {
        readonly Code: { readonly S3Key: string };
        readonly Environment?: { readonly Variables: { readonly POWERTOOLS_SERVICE_NAME: string } };
      };
    }
  >;
}

describe('cdk synth without a home, an account, credentials or a network', () => {
  let home: string;
  let assembly: string;
  let bundles: ReadonlyMap<string, string>;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'oncepay-synth-'));
    assembly = join(home, 'assembly');
    // What cdk-nag says is tested in compliance.test.ts.
    await cdk(home, 'synth', '--quiet', '-c', 'stage=staging', '-c', 'compliance=off', '-o', assembly);
    bundles = await bundlesOf(assembly);
  });

  afterAll(() => rm(home, { recursive: true, force: true }));

  test('writes the templates of the stage', async () => {
    expect([...(await templatesOf(assembly)).keys()].sort()).toEqual([
      'Oncepay-staging-Data',
      'Oncepay-staging-Pipeline',
      'Oncepay-staging-Simulator',
    ]);
  });

  test('looks nothing up', async () => {
    const manifest = JSON.parse(await readFile(join(assembly, 'manifest.json'), 'utf8'));
    expect(manifest.missing).toBeUndefined();
  });

  test('keeps the bundle of every function within its budget', async () => {
    const sizes = new Map<string, number>();
    for (const [name, directory] of bundles) sizes.set(name, (await stat(join(directory, 'index.mjs'))).size);
    expect([...sizes.keys()].sort()).toEqual(Object.keys(BUDGETS).sort());
    expect([...sizes].filter(([name, size]) => size > (BUDGETS[name] ?? 0))).toEqual([]);
  });

  test('bundles one module per function, without source maps', async () => {
    for (const [name, directory] of bundles) {
      const files = await readdir(directory);
      expect([name, ...files]).toEqual([
        name,
        'index.mjs',
        ...(name === 'migrate-database' ? ['migrations'] : []),
      ]);
    }
  });

  test('puts every migration beside the function that applies them', async () => {
    const here = await readdir(join(ROOT, 'db/migrations'));
    expect(await readdir(join(bundles.get('migrate-database') ?? '', 'migrations'))).toEqual(here);
  });

  test('excludes credential providers other than the role’s from the bundles', async () => {
    for (const [name, directory] of bundles) {
      const code = await readFile(join(directory, 'index.mjs'), 'utf8');
      const others = ['credential_process', 'sso_session', 'AssumeRoleWithWebIdentity'];
      expect([name, ...others.filter((other) => code.includes(other))]).toEqual([name]);
    }
  });

  test('writes no secret into a template, a bundle or anything else', async () => {
    const files = (await readdir(assembly, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map(({ name }) => name)).toContain('index.mjs');
    const findings = await Promise.all(
      files.map(async ({ parentPath, name }) =>
        scanText(name, await readFile(join(parentPath, name), 'utf8')),
      ),
    );
    expect(findings.flat()).toEqual([]);
  });
});

test('cdk synth of a stage that isn’t one says so and names the choices', async () => {
  const home = await mkdtemp(join(tmpdir(), 'oncepay-synth-'));
  try {
    await expect(cdk(home, 'synth', '--quiet', '-c', 'stage=production', '-o', home)).rejects.toMatchObject({
      stderr: expect.stringContaining(
        'There is no stage "production". Choose one of dev, staging, prod: cdk synth -c stage=dev',
      ),
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

/** The files of the templates by the names of their stacks. */
async function templatesOf(assembly: string): Promise<ReadonlyMap<string, string>> {
  const { artifacts } = JSON.parse(await readFile(join(assembly, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { properties?: { stackName?: string; templateFile?: string } }>;
  };
  const stacks = Object.values(artifacts).flatMap(({ properties }) =>
    properties?.stackName === undefined
      ? []
      : [[properties.stackName, properties.templateFile ?? ''] as const],
  );
  return new Map(stacks);
}

async function bundlesOf(assembly: string): Promise<ReadonlyMap<string, string>> {
  const bundles = new Map<string, string>();
  for (const template of (await templatesOf(assembly)).values()) {
    const text = await readFile(join(assembly, template), 'utf8');
    for (const { Type, Properties } of Object.values((JSON.parse(text) as Template).Resources)) {
      const name =
        Type === 'AWS::Lambda::Function' && Properties.Environment?.Variables.POWERTOOLS_SERVICE_NAME;
      if (name) bundles.set(name, join(assembly, `asset.${Properties.Code.S3Key.replace('.zip', '')}`));
    }
  }
  return bundles;
}
