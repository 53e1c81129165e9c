import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readMigrations } from '../../../adapters/database/migrate.ts';
import { splitStatements } from '../../../adapters/database/split-statements.ts';
import { parameterNames } from '../../../local/rds-data/bind-parameters.ts';
import { ROOT, sourceFiles } from '../../support/source-files.ts';

interface Text {
  readonly place: string;
  readonly text: string;
}

/** Every file of the database's adapter, and each other one that writes a statement where it runs it. */
const SOURCES: readonly Text[] = ['adapters', 'lambdas', 'cli']
  .flatMap(sourceFiles)
  .map((file) => ({ place: relative(ROOT, file), text: readFileSync(file, 'utf8') }))
  .filter(({ place, text }) => place.startsWith('adapters/database/') || /\.execute\(\s*[`'"]/.test(text));

const MIGRATED: readonly Text[] = readMigrations(new URL('../../../db/migrations/', import.meta.url)).flatMap(
  ({ name, sql }) => splitStatements(sql).map((text) => ({ place: name, text })),
);

/** The one text of ours with colons: a pattern of `to_char` in single quotes, which the Data API was seen to respect. */
const TIME_PATTERN = /'[^'\n]*HH24:MI:SS[^'\n]*'/g;

/**
 * More than the Data API's scan finds: strings and comments too, for how it takes these apart is known from outside only.
 * TypeScript's own colons have a space behind them; `node:` is of an import.
 */
function namesIn(text: string): readonly string[] {
  const named = text.replaceAll(TIME_PATTERN, '').matchAll(/(?<!:|'node):([A-Za-z0-9_]+)/g);
  return [...named].map(([, name = '']) => name).filter((name) => name !== 'input');
}

describe('no text in our statements is mistaken for a parameter by the Data API', () => {
  test('in the code', () => {
    expect(SOURCES.filter(({ text }) => text.includes(':input')).length).toBeGreaterThan(20);
    const misread = SOURCES.map(({ place, text }) => ({ place, names: namesIn(text) }));
    expect(misread.filter(({ names }) => names.length > 0)).toEqual([]);
  });

  test('in the migrations', () => {
    expect(MIGRATED.length).toBeGreaterThan(50);
    const misread = MIGRATED.map(({ place, text }) => ({
      place,
      names: [...parameterNames(text), ...namesIn(text)],
    }));
    expect(misread.filter(({ names }) => names.length > 0)).toEqual([]);
  });

  test.each([
    "do $$ begin raise notice 'a :b c'; end $$",
    'select (array[1, 2, 3])[1:2]',
    'select $tag$at 10:30$tag$',
    "select 'a :b c'::text",
  ])('and it would be found: %s', (sql) => {
    expect(namesIn(sql)).toHaveLength(1);
  });
});

test('no statement of a migration is longer than the Data API takes', () => {
  expect(MIGRATED.filter(({ text }) => text.length > 65_536).map(({ place }) => place)).toEqual([]);
});
