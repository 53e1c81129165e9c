import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockData } from '../../../local/data-lock.ts';
import { ROOT } from '../../support/source-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const contender = () => fork(join(ROOT, 'test/support/lock-contender.ts'), { execArgv: [] });

async function told(child: ChildProcess, message?: string | null): Promise<unknown> {
  const answered = once(child, 'message');
  if (message !== undefined) child.send(message as string);
  const [answer] = await answered;
  return answer;
}

describe('the lock of a data folder', () => {
  test.each([
    ['nothing', ''],
    ['another process', String(process.ppid)],
    ['a process that is gone', '4194303'],
    ['the own process group', '0'],
    ['no number', 'x'],
  ])('is free where its pid file names %s', (_what, pid) => {
    writeFileSync(join(directory, 'runtime.pid'), pid);
    const release = lockData(directory);
    expect(readFileSync(join(directory, 'runtime.pid'), 'utf8')).toBe(`${process.pid}\n`);
    release();
    expect(existsSync(join(directory, 'runtime.pid'))).toBe(false);
    lockData(directory)();
  });

  test('is one process’s, which is named to others, until that has ended, however it ends', async () => {
    const owner = contender();
    await told(owner);
    expect(await told(owner, directory)).toBe('locked');
    expect(() => lockData(directory)).toThrow(
      `${directory} is in use by process ${owner.pid}. Stop it, or choose another folder with --data.`,
    );
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    lockData(directory)();
  });

  test('is taken by one of three concurrent starts over a stale one, forty times', {
    timeout: 30_000,
  }, async () => {
    const contenders = [contender(), contender(), contender()];
    await Promise.all(contenders.map((child) => told(child)));
    for (let round = 0; round < 40; round += 1) {
      const folder = mkdtempSync(join(directory, 'race-'));
      writeFileSync(join(folder, 'runtime.pid'), '4194303');
      const answers = await Promise.all(contenders.map((child) => told(child, folder)));
      expect(answers.toSorted()).toEqual(['DataInUseError', 'DataInUseError', 'locked']);
      await Promise.all(contenders.map((child) => told(child, null)));
    }
    for (const child of contenders) child.disconnect();
    await Promise.all(contenders.map((child) => once(child, 'exit')));
  });
});
