import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../../lambdas/describe-api/openapi.ts';
import { satisfies } from '../../support/engines.ts';
import { ROOT } from '../../support/source-files.ts';

const json = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((file) => existsSync(join(ROOT, file)));

test('the committed contract is what the schemas say; else run npm run openapi', () => {
  expect(json('docs/openapi.json')).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

test('every migration has a unique number, since the order of equal numbers would be undefined', () => {
  const numbers = tracked
    .filter((file) => file.startsWith('db/migrations/'))
    .map((file) => /(\d{6})_[a-z0-9_]+\.sql$/.exec(file)?.[1]);
  expect(numbers).toEqual(numbers.map((_, index) => String(index + 1).padStart(6, '0')));
});

test('every text ends its lines in one way, in every clone', () => {
  // As `i/lf w/lf attr/text=auto eol=lf \t<path>`: in the index, in this clone, by .gitattributes.
  const listed = execFileSync('git', ['ls-files', '--eol'], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(listed.filter((line) => !/^i\/(lf|none|-text) .* eol=lf/.test(line.replaceAll(/ +/g, ' ')))).toEqual(
    [],
  );
});

test('every script that runs TypeScript looks first whether it can', () => {
  const commands = [...Object.values<string>(json('package.json').scripts), String(json('cdk.json').app)];
  const direct = commands.filter((command) => /(^|\s)\S+\.ts\b|\bvitest\b/.test(command));
  expect(direct.length).toBeGreaterThan(8);
  expect(direct.filter((command) => !command.includes('node scripts/run.mjs '))).toEqual([]);
});

test('the lock file names no host', () => {
  expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});

test('npm ci warns of nothing on the Node that the README asks for', () => {
  const [, oldest = ''] = /You need Node (24\.\d+)/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  const packages = Object.entries<{ engines?: { node?: string } }>(json('package-lock.json').packages);
  const ranges = packages.flatMap(([path, { engines }]) =>
    engines?.node === undefined ? [] : [[path, engines.node]],
  );
  expect(ranges.length).toBeGreaterThan(100);
  expect(ranges.filter(([, range]) => !satisfies(`${oldest}.0`, range ?? ''))).toEqual([]);
});

test('every dependency is pinned', () => {
  const { dependencies, devDependencies } = json('package.json');
  for (const version of Object.values({ ...dependencies, ...devDependencies }))
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
});

test('every package, of the bundles and of the tools, has a permissive licence', () => {
  const { packages } = json('package-lock.json');
  const permissive =
    /^\(?(MIT|MIT-0|ISC|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|0BSD|CC0-1\.0|Unlicense|BlueOak-1\.0\.0|Python-2\.0|CC-BY-4\.0|PostgreSQL|WTFPL)\b/;
  const violations = Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => [path, String((entry as { license?: string }).license ?? licenceOf(path))])
    .filter(([, licence]) => !permissive.test(String(licence)) && !(String(licence) === 'MPL-2.0'));
  expect(violations).toEqual([]);
});

function licenceOf(path: string): string {
  const manifest = join(ROOT, path, 'package.json');
  if (!existsSync(manifest)) return 'MIT';
  const { license, licenses } = json(join(path, 'package.json'));
  return String(license?.type ?? license ?? licenses?.[0]?.type ?? 'none');
}

describe('every tracked file', () => {
  const texts = tracked.filter((file) => /\.(ts|json|md|sql|sh)$|^\.|^LICENSE$/.test(file));
  test('names no path of somebody’s machine', () => {
    const violations = texts.filter((file) =>
      /(^|[\s"'`(=])\/(home|Users|root|work)\/\w/m.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(violations).toEqual([]);
  });
  test('has a name in kebab case', () => {
    const names = tracked.filter((file) => file.endsWith('.ts')).map((file) => file.split('/').at(-1) ?? '');
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|d))?\.ts$/.test(name))).toEqual(
      [],
    );
  });
  test('of the product holds at most 300 lines', () => {
    const long = tracked
      .filter((file) =>
        /^(bin|lib|lambdas|domain|adapters|simulator|local|bench|scripts)\/.*\.ts$/.test(file),
      )
      .map((file) => [file, readFileSync(join(ROOT, file), 'utf8').split('\n').length] as const)
      .filter(([, lines]) => lines > 300);
    expect(long).toEqual([]);
  });
});
