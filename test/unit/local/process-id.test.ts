import { expect, test } from 'vitest';
import { commandOf, isAlive, listProcesses, parentOf, parsePid } from '../../../local/process-id.ts';

test.each([
  ['', undefined],
  ['0', undefined],
  ['1', undefined],
  ['-5', undefined],
  ['+5', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['12.5', undefined],
  ['99999999', undefined],
  ['12 34', undefined],
  ['2', 2],
  [' 1234 \n/data\n1700000000\n', 1234],
])('%j names the process %s', (text, pid) => {
  expect(parsePid(text)).toBe(pid);
});

test('this process is alive and listed with its command, and one that was never given isn’t', () => {
  const own = listProcesses().find(({ pid }) => pid === process.pid);
  expect(own?.command[0]).toContain('node');
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(4_194_304)).toBe(false);
  expect([commandOf(4_194_304), parentOf(4_194_304)]).toEqual([undefined, undefined]);
});
