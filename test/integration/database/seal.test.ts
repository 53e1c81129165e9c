import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase.drop());

const sealed = INVARIANTS.find(({ name }) => name.startsWith('owners, grants'));

describe('a change by the owner’s hand is detected', () => {
  test('no change is reported without one', async () => {
    if (sealed === undefined) throw new Error('there is no such check');
    expect(await checkInvariant(testDatabase.as('oncepay_operate'), sealed)).toBeUndefined();
  });

  test.each([
    [
      'a trigger that is switched off',
      'alter table ledger_entry disable trigger ledger_entry_append_only',
      'alter table ledger_entry enable trigger ledger_entry_append_only',
      'trigger ledger_entry_append_only on ledger_entry was changed',
    ],
    [
      'a trigger that is dropped',
      'drop trigger evidence_append_only on evidence',
      'create trigger evidence_append_only before update or truncate on evidence for each statement execute function refuse_change()',
      'trigger evidence_append_only on evidence is gone',
    ],
    [
      'a grant to a login that had none',
      'grant delete on ledger_entry to oncepay_execute',
      'revoke delete on ledger_entry from oncepay_execute',
      'table ledger_entry was changed',
    ],
    [
      'a grant on one column',
      'grant update (amount_minor) on payment_order to oncepay_execute',
      'revoke update (amount_minor) on payment_order from oncepay_execute',
      'column payment_order.amount_minor was changed',
    ],
    [
      'row-level security that is switched off',
      'alter table payment disable row level security',
      'alter table payment enable row level security',
      'table payment was changed',
    ],
    [
      'a policy that lets everybody in',
      'create policy open on payment to oncepay_read using (true)',
      'drop policy open on payment',
      'policy open on payment is new',
    ],
    [
      'a table that changes hands',
      'alter table processing_pause owner to oncepay_operate',
      'alter table processing_pause owner to oncepay_owner',
      'table processing_pause is gone',
    ],
  ])('%s', async (_, change, undo, seen) => {
    if (sealed === undefined) throw new Error('there is no such check');
    await testDatabase.database.execute(change, {});
    const violation = await checkInvariant(testDatabase.as('oncepay_operate'), sealed);
    await testDatabase.database.execute(undo, {});
    expect(violation?.examples).toContain(seen);
  });

  test('a guarding function with another body', async () => {
    if (sealed === undefined) throw new Error('there is no such check');
    await testDatabase.database.execute(
      'create or replace function refuse_change() returns trigger language plpgsql as $$ begin return null; end $$',
      {},
    );
    const violation = await checkInvariant(testDatabase.as('oncepay_operate'), sealed);
    expect(violation?.examples).toContain('function refuse_change() was changed');
  });
});
