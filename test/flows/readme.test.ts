import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pages, shellBlocks } from '../support/documents.ts';
import { LocalRuntime, ROOT } from '../support/runtime.ts';

/** The relay's schedule is a minute; a reader waits for it, a test asks for the run. */
const RELAY_EVERY_MS = 2_000;

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
  const shell = spawn('bash', ['-c', session(shellBlocks(readme))], { cwd: clone });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  exitCode = await new Promise((resolve) => shell.once('close', resolve));
  clearInterval(relay);
  printed = output.split('==========\n');
}, 240_000);

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
    expect(outage.match(/^202$/gm)).toHaveLength(7);
    expect(outage).toMatch(/simulator +│ open/);
    expect(outage).toContain('the PSP refuses our API key');
    expect(outage.match(/outage-\d-\d+ +│ SUCCESS/g)).toHaveLength(6);
    expect(outage).toMatch(/refused-1-\d+ +│ SUCCESS/);
    expect(outage).toMatch(/All \d+ invariants hold/);
  });
});

function readmeText(): string {
  return pages().find(({ path }) => path === 'README.md')?.text ?? '';
}
