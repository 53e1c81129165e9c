import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../../../cli/program.ts';
import { brokenLinks, commandsIn, pages, topFolders } from '../../support/documents.ts';
import { ROOT } from '../../support/source-files.ts';

const all = pages();
/** A placeholder that the reader replaces: `<id>`, `…`. */
const isPlaceholder = (word: string | undefined) => word === undefined || /^[<…[]/.test(word);

describe('every page', () => {
  test('links only to existing files and headings', () => {
    expect(all.flatMap(brokenLinks)).toEqual([]);
  });

  test('names only existing npm scripts', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const named = all.flatMap((page) =>
      commandsIn(page, 'npm run ').map(([name = '']) => [page.path, name] as const),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(([, name]) => !isPlaceholder(name) && scripts[name] === undefined)).toEqual([]);
  });

  test('keeps npm’s banner out of JSON that a program reads', () => {
    const named = all.flatMap((page) => commandsIn(page, 'npm ').map((words) => [page.path, ...words]));
    const forPrograms = named.filter((words) => words.includes('--json'));
    expect(forPrograms.length).toBeGreaterThan(0);
    expect(forPrograms.filter((words) => !words.includes('--silent') && !words.includes('-s'))).toEqual([]);
  });

  test('names only existing benches', () => {
    const known = [...readFileSync(join(ROOT, 'bench/main.ts'), 'utf8').matchAll(/\.command\('([a-z-]+)/g)];
    const names = known.map(([, name]) => name ?? '');
    const named = all.flatMap((page) =>
      commandsIn(page, 'npm run bench -- ').map(([name = '']) => [page.path, name] as const),
    );
    expect(named.filter(([, name]) => !isPlaceholder(name) && !names.includes(name))).toEqual([]);
  });

  test('names only existing files', () => {
    const folders = topFolders().join('|');
    const path = new RegExp(`\`((?:${folders})/[A-Za-z0-9_./-]+\\.[a-z]+)\``, 'g');
    const named = all.flatMap(({ path: page, text }) =>
      [...text.matchAll(path)].map(([, file = '']) => [page, file] as const),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(([, file]) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test('runs only existing scripts', () => {
    const named = all.flatMap((page) =>
      commandsIn(page, 'node ').map(([file = '']) => [page.path, file] as const),
    );
    expect(
      named.filter(([, file]) => /^[a-z]+\/.*\.ts$/.test(file) && !existsSync(join(ROOT, file))),
    ).toEqual([]);
  });
});

describe('every oncepay command on a page', () => {
  let program: Command;

  beforeAll(() => {
    const ignored = { write: () => {} };
    const leave = (error: Error) => {
      throw error;
    };
    program = createProgram(() => async () => {}, { stdout: ignored, stderr: ignored, leave });
  });

  test('exists, with options that it accepts', () => {
    const violations = all.flatMap((page) =>
      commandsIn(page, 'npx oncepay ').flatMap((words) =>
        violationsOf(program, words).map(
          (violation) => `${page.path}: oncepay ${words.join(' ')}: ${violation}`,
        ),
      ),
    );
    expect(violations).toEqual([]);
  });
});

function violationsOf(program: Command, words: readonly string[]): readonly string[] {
  let command = program;
  for (const word of words) {
    if (command.commands.length === 0 || isPlaceholder(word)) break;
    // Options may stand between, with their values.
    const next = command.commands.find((known) => known.name() === word);
    if (next !== undefined) command = next;
    else if (!word.startsWith('-')) return [`there is no ${word}`];
    else break;
  }
  const taken = ['--help', ...[...program.options, ...command.options].map(({ long }) => long)];
  return words
    .filter((word) => /^--[a-z]/.test(word))
    .map((word) => word.replace(/[=`].*$/, ''))
    .filter((word) => !taken.includes(word))
    .map((word) => `there is no ${word}`);
}

describe('the decision records', () => {
  const files = globSync('[0-9]*.md', { cwd: join(ROOT, 'docs/adr') });

  test('have unique numbers', () => {
    const numbers = files.map((file) => file.slice(0, 4));
    expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([]);
  });

  test('are all in the index', () => {
    const index = readFileSync(join(ROOT, 'docs/adr/README.md'), 'utf8');
    expect(files.filter((file) => !index.includes(`(${file})`))).toEqual([]);
  });
});

test('the code map names every folder of the project', () => {
  const map = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  expect(topFolders().filter((folder) => !map.includes(`\`${folder}/`))).toEqual([]);
});
