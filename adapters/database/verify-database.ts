import type { Database } from './database.ts';
import { INVARIANTS } from './statements/invariants.ts';
import {
  FROM_THE_BEGINNING,
  forgetBalances,
  nextCheckpoint,
  readCheckpoint,
  saveCheckpoint,
  sumBalances,
} from './statements/verification.ts';
import { type CheckedRange, checkRange, type Violation } from './statements/verify.ts';

export interface VerifiedDatabase {
  readonly payments: number;
  readonly transactions: number;
  /** Of each invariant, by its name, in their order. */
  readonly invariants: readonly { readonly name: string; readonly violation: Violation | undefined }[];
}

/**
 * Every invariant that the database alone can show: over what came, or was open, since the last verification that found nothing
 * broken, or over everything. Reads in chunks, each of them a short statement; writes nothing but its own checkpoint.
 */
export async function verifyDatabase(
  database: Database,
  { full }: { readonly full: boolean },
): Promise<VerifiedDatabase> {
  if (full) await forgetBalances(database);
  const last = full ? FROM_THE_BEGINNING : await readCheckpoint(database);
  const next = await nextCheckpoint(database);
  await sumBalances(database, next.transactionsUpTo);
  const whole = await checkRange(database, 'whole', { after: '' });
  const newPayments = await checkRange(database, 'payments', { after: last.paymentsUpTo });
  const openPayments = await checkRange(database, 'payments', { ids: last.openPayments });
  const movements = await checkRange(database, 'movements', { after: last.movementsUpTo });
  const transactions = await checkRange(database, 'transactions', { after: last.transactionsUpTo });
  const ranges = [whole, newPayments, openPayments, movements, transactions];
  const names = [...new Set(INVARIANTS.map(({ name }) => name))];
  const invariants = names.map((name) => ({ name, violation: together(name, ranges) }));
  // What is broken is told again until it is put right.
  if (invariants.every(({ violation }) => violation === undefined)) await saveCheckpoint(database, next);
  return {
    payments: newPayments.checked + openPayments.checked,
    transactions: transactions.checked,
    invariants,
  };
}

function together(invariant: string, ranges: readonly CheckedRange[]): Violation | undefined {
  const found = ranges.flatMap(({ violations }) => violations.filter((each) => each.invariant === invariant));
  if (found.length === 0) return undefined;
  return {
    invariant,
    count: found.reduce((sum, { count }) => sum + count, 0),
    examples: found.flatMap(({ examples }) => examples),
  };
}
