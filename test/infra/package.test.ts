import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAssembly, type Stack } from '../../local/template/assembly.ts';
import manifest from '../../package.json' with { type: 'json' };
import { ROOT } from '../support/source-files.ts';

const run = promisify(execFile);
const node = (cwd: string, ...command: readonly string[]) => run(process.execPath, command, { cwd });

let folder: string;

/** What an installation would put there, from this clone's own; a dependency that isn't declared is missing. */
async function linkDependencies(): Promise<void> {
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  // The types of Node, for the compiler alone.
  for (const name of [...declared, '@types/node']) {
    const link = join(folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), link);
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oncepay-package-'));
  await node(ROOT, 'scripts/build.ts');
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const [tarball = ''] = await readdir(folder);
  await run('tar', ['-xzf', tarball], { cwd: folder });
  await mkdir(join(folder, 'node_modules'));
  await cp(join(folder, 'package'), join(folder, 'node_modules/oncepay'), { recursive: true });
  await linkDependencies();
  await cp(join(ROOT, 'examples/shop'), folder, { recursive: true });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the example in an empty folder, with the package', () => {
  let stacks: readonly Stack[];
  let said: string;

  beforeAll(async () => {
    const environment = { CDK_OUTDIR: join(folder, 'cdk.out'), CDK_CONTEXT_JSON: '{"stage":"prod"}' };
    const { stdout, stderr } = await run(process.execPath, ['shop.ts'], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...environment },
    });
    said = stdout + stderr;
    stacks = readAssembly(join(folder, 'cdk.out')).stacks;
  });

  const resources = (name: string) =>
    Object.values(stacks.find((stack) => stack.name === name)?.template.Resources ?? {});

  test('synthesizes the pipeline’s stacks and its own', () => {
    expect(stacks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Shop-prod-Data', 'Shop-prod-Pipeline', 'Shop-prod']),
    );
  });

  test('wires the pipeline’s queue to an alarm of its own', () => {
    const alarms = resources('Shop-prod').filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
    expect(alarms.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        MetricName: 'ApproximateAgeOfOldestMessage',
        Dimensions: [
          {
            Name: 'QueueName',
            Value: { 'Fn::ImportValue': expect.stringContaining('QueueInstructions') },
          },
        ],
      }),
    ]);
  });

  test('changes the setting that it names', () => {
    const [mapping] = resources('Shop-prod-Pipeline').filter(
      ({ Type }) => Type === 'AWS::Lambda::EventSourceMapping',
    );
    expect(mapping?.Properties.ScalingConfig).toEqual({ MaximumConcurrency: 30 });
  });

  test('deploys the functions that came with the package, and bundles nothing', async () => {
    expect(said).not.toContain('Bundling asset');
    const accept = resources('Shop-prod-Pipeline').find(({ Properties }) =>
      JSON.stringify(Properties.Environment ?? '').includes('"accept-payment"'),
    );
    const { S3Key } = (accept?.Properties.Code ?? {}) as { S3Key?: string };
    const deployed = join(folder, 'cdk.out', `asset.${S3Key?.replace('.zip', '')}`, 'index.mjs');
    const packed = join(folder, 'node_modules/oncepay/dist/functions/accept-payment/index.mjs');
    expect(await readFile(deployed)).toEqual(await readFile(packed));
  });

  test('brings the migrations to the function that applies them', async () => {
    const packed = join(folder, 'node_modules/oncepay/dist/functions/migrate-database/migrations');
    expect(await readdir(packed)).toEqual(await readdir(join(ROOT, 'db/migrations')));
  });

  test('passes the compiler with the package’s types', async () => {
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024'];
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    await expect(node(folder, tsc, ...options, '--types', 'node', 'shop.ts')).resolves.toBeDefined();
  });
});

describe('the package', () => {
  test('holds no source that Node would not run there', async () => {
    const files = await readdir(join(folder, 'node_modules/oncepay'), { recursive: true });
    expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  test('brings the operators’ command line', async () => {
    const { bin } = manifest;
    const { stdout } = await node(folder, join('node_modules/oncepay', bin.oncepay), '--help');
    expect(stdout).toContain('oncepay dead-letters redrive --dry-run');
  });
});
