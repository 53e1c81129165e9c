import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqsStore } from '../../../local/sqs/store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-store-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a file of queues that another version has written is refused, with its name and what to do', () => {
  const file = join(directory, 'sqs.sqlite');
  const other = new DatabaseSync(file);
  other.exec('create table queue (queue text primary key, attributes text, tags text, created_at integer)');
  other.close();

  expect(() => new SqsStore(file)).toThrow(`${file} was written by another version of Oncepay.`);
});

test('a file of queues that this version has written is opened again', () => {
  const file = join(directory, 'sqs.sqlite');
  new SqsStore(file).close();

  new SqsStore(file).close();
});
