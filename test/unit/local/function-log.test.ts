import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AlarmStates } from '../../../local/alarms/alarm-states.ts';
import { Notifications } from '../../../local/alarms/notifications.ts';
import { FunctionLog } from '../../../local/function-log.ts';
import { UsageRecord } from '../../../local/iam/usage-record.ts';
import { Readiness } from '../../../local/readiness.ts';

let directory: string;
let said: string[];
let readiness: Readiness;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-log-'));
  said = [];
  readiness = new Readiness((line) => said.push(line));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a log that can’t be written keeps its lines until it can, and is no end of the runtime', () => {
  const file = join(directory, 'functions.ndjson');
  // A folder in its place takes no line, as a full disk.
  mkdirSync(file);
  const log = new FunctionLog(directory, readiness);
  log.write('one');
  log.flush();
  log.write('two');
  log.flush();
  expect(readiness.list()).toEqual([expect.stringMatching(/^the functions’ log: EISDIR/)]);
  expect(said).toHaveLength(1);

  rmdirSync(file);
  log.write('three');
  log.flush();

  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\nthree\n');
  expect(readiness.list()).toEqual([]);
  expect(said.at(-1)).toBe('the functions’ log: works again');
});

test('nor are an alarm’s state, its notifications and the record of grants', () => {
  for (const name of ['alarms.json.new', 'notifications.ndjson', 'iam-usage.ndjson'])
    mkdirSync(join(directory, name));
  const state = { value: 'OK', reason: '', reasonData: '{}', timestamp: '' } as const;

  new AlarmStates(directory, readiness).set('late', state);
  new Notifications(directory, readiness).publish({ topicArn: 't', subject: 's', message: {} });
  new UsageRecord([join(directory, 'iam-usage.ndjson')], readiness).refused('no');

  expect(readiness.list()).toHaveLength(3);
});
