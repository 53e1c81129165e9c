import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TurnTransactions } from '../../../local/turn-transactions.ts';

let directory: string;
let database: DatabaseSync;
/** What another process would see, a successor after a kill for one. */
let outside: DatabaseSync;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-turn-'));
  const file = join(directory, 'turn.sqlite');
  database = new DatabaseSync(file);
  database.exec('pragma journal_mode = wal; create table note (text text unique)');
  outside = new DatabaseSync(file);
});

afterEach(() => {
  database.close();
  outside.close();
  rmSync(directory, { recursive: true });
});

const note = (text: string) => database.prepare('insert into note values (?)').run(text);
const kept = () =>
  outside
    .prepare('select text from note order by text')
    .all()
    .map(({ text }) => text);

test('writes of one turn are committed together, before waiting callers continue', async () => {
  const transactions = new TurnTransactions(database);
  transactions.run(() => note('a'));
  transactions.run(() => note('b'));
  const before = kept();
  await transactions.committed();

  expect([before, kept()]).toEqual([[], ['a', 'b']]);
});

test('work that throws leaves nothing, and what others wrote in its turn is kept', async () => {
  const transactions = new TurnTransactions(database);
  transactions.run(() => note('a'));
  const failing = () =>
    transactions.run(() => {
      note('b');
      throw new Error('half-way');
    });

  expect(failing).toThrow('half-way');
  transactions.run(() => note('c'));
  await transactions.committed();
  expect(kept()).toEqual(['a', 'c']);
});

test('work within work is part of it', async () => {
  const transactions = new TurnTransactions(database);
  const failing = () =>
    transactions.run(() => {
      transactions.run(() => note('inner'));
      throw new Error('outer');
    });

  expect(failing).toThrow('outer');
  await transactions.committed();
  expect(kept()).toEqual([]);
});

test('writes are committed at the end of the turn, and immediately on request', async () => {
  const transactions = new TurnTransactions(database);
  transactions.run(() => note('a'));
  await setImmediate();
  await setImmediate();
  const byItself = kept();
  transactions.run(() => note('b'));
  transactions.flush();

  expect([byItself, kept()]).toEqual([['a'], ['a', 'b']]);
});

test('where nothing was run there is nothing to wait for', async () => {
  await expect(new TurnTransactions(database).committed()).resolves.toBeUndefined();
});

test('a failed commit rejects its waiting callers, and the next turn starts clean', async () => {
  const transactions = new TurnTransactions(database);
  database.exec('create table part (note text references note (text) deferrable initially deferred)');
  database.exec('pragma foreign_keys = on');
  transactions.run(() => database.exec(`insert into part values ('nowhere')`));
  const waiting = transactions.committed();

  await expect(waiting).rejects.toThrow('FOREIGN KEY');
  transactions.run(() => note('after'));
  await transactions.committed();
  expect(kept()).toEqual(['after']);
});
