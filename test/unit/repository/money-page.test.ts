import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CHART } from '../../../domain/ledger/account.ts';
import { ROOT } from '../../support/source-files.ts';
import { withTables } from '../domain/ledger/money-page.ts';

const PAGE = join(ROOT, 'docs/money.md');

test('the tables of docs/money.md are what the code posts; else run this file with -u', async () => {
  await expect(withTables(readFileSync(PAGE, 'utf8'))).toMatchFileSnapshot(PAGE);
});

test('the chart of accounts is the one that the database accepts', () => {
  const schema = readFileSync(join(ROOT, 'db/migrations/000003_ledger.sql'), 'utf8');
  const [, kinds = ''] =
    /create domain account_kind as text check \(\s*value in \(([^)]*)\)/.exec(schema) ?? [];
  expect([...kinds.matchAll(/'(\w+)'/g)].map(([, kind]) => kind)).toEqual(Object.keys(CHART));
});
