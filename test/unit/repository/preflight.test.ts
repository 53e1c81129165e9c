import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { ROOT } from '../../support/source-files.ts';

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'oncepay-clone-'));
  for (const file of ['package.json', 'scripts/run.mjs', 'cli', 'adapters/shell-variables.ts'])
    cpSync(join(ROOT, file), join(clone, file), { recursive: true });
  writeFileSync(
    join(clone, 'hello.ts'),
    'const name: string = process.argv[2]; console.log("hello " + name);',
  );
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

/** As npm installs those, its install scripts allowed or not: the scripts bring Node. */
function install(names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(clone, 'node_modules', name), { recursive: true });
    writeFileSync(join(clone, 'node_modules', name, 'package.json'), '{}');
  }
}

function run(command: readonly string[], node = process.versions.node) {
  const older = `Object.defineProperty(process.versions,'node',{value:'${node}'});Object.defineProperty(process,'version',{value:'v${node}'})`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${older}`, ...command],
    { cwd: clone, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

const all = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });

describe('a script of npm', () => {
  const script = ['scripts/run.mjs', 'hello.ts', 'you'];

  test('runs where all is installed', () => {
    install(all);
    expect(run(script)).toEqual({ status: 0, stdout: 'hello you\n', stderr: '' });
  });

  test('says which packages are missing after npm ci --omit=dev, and how to get them', () => {
    install(Object.keys(manifest.dependencies));
    const { status, stderr } = run(script);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^oncepay: Packages .* are not installed: @aws-cdk\/aws-service-spec, .* and \d+ more\./,
    );
    expect(stderr).toContain('Run npm ci, without --omit=dev or NODE_ENV=production.');
    expect(stderr).not.toContain('    at ');
  });

  test('says on Node 20 after npm ci --ignore-scripts that it needs 24, and both ways to get it', () => {
    install(all);
    const { status, stderr } = run(script, '20.20.2');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^oncepay: This needs Node 24 or newer, and runs on v20\.20\.2\./);
    expect(stderr).toMatch(/--ignore-scripts.*npm rebuild node, or pnpm approve-builds/s);
    expect(stderr).not.toContain('    at ');
  });
});

describe('npx oncepay', () => {
  test('says the same, with the exit code of wrong usage', () => {
    install(Object.keys(manifest.dependencies));
    const { status, stderr } = run(['cli/launch.mjs', 'verify'], '20.20.2');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^oncepay: This needs Node 24 or newer, and runs on v20\.20\.2\./);
  });

  test('runs on the Node that npm brought, where there is one', () => {
    mkdirSync(join(clone, 'node_modules/node/bin'), { recursive: true });
    symlinkSync(process.execPath, join(clone, 'node_modules/node/bin/node'));
    writeFileSync(join(clone, 'cli/oncepay.ts'), 'console.log(process.argv.slice(2).join());');
    expect(run(['cli/launch.mjs', 'verify', '--json'], '20.20.2')).toMatchObject({
      stdout: 'verify,--json\n',
    });
  });
});
