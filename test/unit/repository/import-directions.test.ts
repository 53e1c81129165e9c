import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, ROOT, sourceFiles } from '../../support/source-files.ts';

/** Which top-level folders (or single files) a folder's files may import; themselves always. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  bin: ['lib'],
  // Of the product: names of stages and metrics, deadlines, the logins to the database, and the PSPs’ abilities.
  lib: [
    'domain/stage.ts',
    'domain/payment/timing.ts',
    'domain/observability/metrics.ts',
    'adapters/database/set-up/logins.ts',
    'adapters/psp/abilities.ts',
    'adapters/psp/adapter-names.ts',
    'adapters/psp/adapter-names.ts',
  ],
  lambdas: ['operations', 'adapters', 'simulator', 'domain', 'docs/openapi.json'],
  // The simulator says what its record must do; adapters and the runtime keep it.
  adapters: ['simulator', 'domain'],
  simulator: ['domain'],
  domain: [],
  // Of the product the runtime takes what makes keys and reads the database, never a handler: those come as bundles.
  local: ['adapters', 'simulator', 'domain'],
  bench: ['local', 'lambdas', 'adapters', 'simulator', 'domain', 'lib/constructs/bundling.ts'],
  scripts: ['lambdas', 'adapters', 'lib', 'local'],
  chaos: [],
  cli: ['operations', 'adapters', 'domain'],
  operations: ['adapters', 'domain'],
};

/** The project's files that a file imports, as paths from the root. */
function targetsOf(file: string): readonly string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(ROOT, join(file, '..', specifier)));
}

function targetsOutside(folder: string, file: string): readonly string[] {
  return targetsOf(file).filter((target) => !target.startsWith(`${folder}/`));
}

describe.each(Object.entries(ALLOWED))('%s', (folder, allowed) => {
  test(`imports nothing but itself and ${allowed.join(', ') || 'nothing'}`, () => {
    const violations = sourceFiles(folder).flatMap((file) =>
      targetsOutside(folder, file)
        .filter((target) => !allowed.some((place) => target === place || target.startsWith(`${place}/`)))
        .map((target) => `${relative(ROOT, file)} → ${target}`),
    );
    expect(violations).toEqual([]);
  });
});

describe('no file imports itself by way of others', () => {
  test('anywhere', () => {
    const imports = [...Object.keys(ALLOWED), 'examples', 'test']
      .flatMap(sourceFiles)
      .flatMap((file) => targetsOf(file).map((target) => [relative(ROOT, file), target] as const));
    expect(circlesAmong(imports)).toEqual([]);
  });

  test('and a circle is found, however long, without what leads to it or away from it', () => {
    const circle = [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'a'],
    ] as const;
    expect(circlesAmong([...circle, ['main', 'a'], ['c', 'leaf']])).toEqual(circle);
  });
});

type Import = readonly [file: string, target: string];

/** What is left once no file that imports nothing more, and none that nothing more imports, is there. */
function circlesAmong(imports: readonly Import[]): readonly Import[] {
  const files = new Set(imports.map(([file]) => file));
  const targets = new Set(imports.map(([, target]) => target));
  const left = imports.filter(([file, target]) => files.has(target) && targets.has(file));
  return left.length === imports.length ? left : circlesAmong(left);
}

describe('local', () => {
  test('imports nothing of lambdas but their bundles', () => {
    const violations = sourceFiles('local').filter((file) =>
      importsOf(file).some((specifier) => /\/lambdas\//.test(specifier)),
    );
    expect(violations).toEqual([]);
  });
});

describe('domain', () => {
  const forbidden: readonly (readonly [what: string, pattern: RegExp])[] = [
    ['awaits', /\bawait\b|\basync\b|new Promise/],
    ['reads a clock', /Date\.now|new Date\(|performance\.|setTimeout|setInterval/],
    ['reads the environment', /process\.|globalThis/],
    ['rolls dice', /Math\.random|randomUUID|randomBytes|randomInt/],
    ['imports a package', /from '(?!\.)/],
  ];
  test.each(forbidden)('never %s', (_what, pattern) => {
    const violations = sourceFiles('domain').filter((file) => pattern.test(withoutComments(file)));
    expect(violations).toEqual([]);
  });
});

describe('what is bundled', () => {
  const bundled = ['lambdas', 'adapters', 'simulator', 'domain'].flatMap(sourceFiles);
  test('reads the environment in one file alone', () => {
    const readers = bundled
      .filter((file) => /process\.env/.test(withoutComments(file)))
      .map((file) => relative(ROOT, file));
    // The credentials are the SDK's to read; it is handed the environment as it is.
    expect(readers.filter((file) => file !== 'adapters/lambda-credentials.ts')).toEqual([
      'adapters/environment.ts',
    ]);
  });
  test('imports zod in its small form', () => {
    const violations = bundled.filter((file) => /from 'zod'/.test(readFileSync(file, 'utf8')));
    expect(violations).toEqual([]);
  });
});

function withoutComments(file: string): string {
  return readFileSync(file, 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '');
}
