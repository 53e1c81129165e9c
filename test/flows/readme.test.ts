import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pages, shellBlocks } from '../support/documents.ts';
import { LocalRuntime, ROOT } from '../support/runtime.ts';

/** The relay's schedule is a minute; a reader waits for it, a test asks for the run. */
const RELAY_EVERY_MS = 2_000;
/** Three times as long as the blocks take. */
const TIME_MS = 180_000;

const runtime = new LocalRuntime();
/** Where the reader is: `./.oncepay` is the runtime's folder. */
let clone: string;
/** What each block printed, in order. */
let printed: readonly string[];
let exitCode: number | null;

/** The blocks as a reader pastes them, one after the other into one shell. */
function session(blocks: readonly string[]): string {
  const launcher = join(ROOT, 'cli/launch.mjs');
  return [
    'set -e',
    // What a test that runs out of time names.
    `trap 'echo "$BASH_COMMAND" >&3' DEBUG`,
    `npx() { shift; '${process.execPath}' '${launcher}' --data "$PWD/.oncepay" "$@"; }`,
    ...blocks.map((block) => `${block}\necho; echo ==========`),
  ].join('\n');
}

beforeAll(async () => {
  const { runtime: control } = await runtime.start();
  clone = mkdtempSync(join(tmpdir(), 'oncepay-readme-'));
  symlinkSync(runtime.directory, join(clone, '.oncepay'));
  const body = JSON.stringify({ run_schedule: 'relay-instructions' });
  const relay = setInterval(() => {
    // The runtime may be gone before the interval is: then there is nothing to run.
    void fetch(`${control}/control`, { method: 'POST', body }).catch(() => {});
  }, RELAY_EVERY_MS);
  const readme = pages().find(({ path }) => path === 'README.md');
  if (readme === undefined) throw new Error('there is no README.md');
  const ended = await run(session(shellBlocks(readme))).finally(() => clearInterval(relay));
  exitCode = ended.exitCode;
  printed = ended.output.split('==========\n');
}, TIME_MS + 60_000);

/** @throws if it takes too long, with the commands that it ran last and what they printed */
async function run(script: string) {
  const shell = spawn('bash', ['-c', script], { cwd: clone, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const read = { output: '', commands: '' };
  const [, stdout, stderr, trace] = shell.stdio;
  for (const stream of [stdout, stderr]) {
    stream?.on('data', (chunk) => {
      read.output += String(chunk);
    });
  }
  trace?.on('data', (chunk) => {
    read.commands += String(chunk);
  });
  return new Promise<{ readonly output: string; readonly exitCode: number | null }>((resolve, reject) => {
    const outOfTime = setTimeout(() => {
      shell.kill();
      const [commands, output] = [read.commands, read.output].map((text) =>
        text.split('\n').slice(-10).join('\n'),
      );
      reject(
        new Error(
          `After ${TIME_MS / 1000} s the blocks still run. Last commands:\n${commands}\nLast output:\n${output}`,
        ),
      );
    }, TIME_MS);
    shell.once('close', (code) => {
      clearTimeout(outOfTime);
      resolve({ output: read.output, exitCode: code });
    });
  });
}

afterAll(async () => {
  rmSync(clone, { recursive: true, force: true });
  await runtime.dispose();
});

describe('the README’s blocks, in order in one session', () => {
  test('all run', () => {
    expect(printed.at(-1)).toBe('');
    expect(exitCode).toBe(0);
  });

  test('make a payment that ends as the README says, in this order, with its wallets and a balance', () => {
    expect(printed[0]).toMatch(
      /"NOT_STARTED".*no answer within 10000 ms.*"look_up","outcome":"succeeded".*"posted":"?9000.*"difference":"?0/s,
    );
  });

  test('are refused as the README says', () => {
    const [, promised = ''] = /# 422 (\{.*…)/.exec(readmeText()) ?? [];
    const [code = '', detail = ''] = promised.match(/"[^"]*": ?"[^"…]*/g) ?? [];
    expect(printed[1]).toContain(code);
    expect(printed[1]).toContain(detail.trim());
  });

  test('reset all switches of both PSPs, each answer on a line of its own', () => {
    const answers =
      printed[2]
        ?.trim()
        .split('\n')
        .map((line) => JSON.parse(line)) ?? [];
    expect(answers.at(-1)).toMatchObject({ psp: 'simulator', down_for_seconds: 0 });
    expect(answers).toHaveLength(4);
  });

  test('show an outage, a dead letter, and payments that all succeeded once', () => {
    const outage = printed[3] ?? '';
    expect(outage.match(/^202$/gm)).toHaveLength(8);
    expect(outage).toMatch(/simulator +│ open/);
    expect(outage).toContain('the PSP refuses our API key');
    expect(outage.match(/outage-\d-\d+ +│ SUCCESS/g)).toHaveLength(6);
    expect(outage.match(/refused-\d-\d+ +│ SUCCESS/g)).toHaveLength(2);
    expect(outage).toMatch(/All \d+ invariants hold/);
  });
});

function readmeText(): string {
  return pages().find(({ path }) => path === 'README.md')?.text ?? '';
}
