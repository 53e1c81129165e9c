import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { confirm } from '../../../cli/confirm.ts';
import { EXIT } from '../../../cli/errors.ts';

/** A terminal at which somebody answers. */
function terminal(answer: string, isTTY = { input: true, output: true }) {
  const input = Object.assign(new PassThrough(), { isTTY: isTTY.input });
  const output = Object.assign(new PassThrough(), { isTTY: isTTY.output });
  input.write(`${answer}\n`);
  return { input, output, asked: () => String(output.read() ?? '') };
}

describe('what can’t be undone', () => {
  test.each(['yes', ' YES '])('is done when a person answers %j', async (answer) => {
    const at = terminal(answer);
    await confirm('The order will be FAILED.', { yes: false }, at);
    expect(at.asked()).toContain('The order will be FAILED. Type yes to continue: ');
  });

  test.each(['', 'y', 'no'])('is refused when a person answers %j', async (answer) => {
    await expect(confirm('It ends.', { yes: false }, terminal(answer))).rejects.toMatchObject({
      message: 'Nothing was done.',
      exitCode: EXIT.refused,
    });
  });

  test('is not asked with --yes', async () => {
    const at = terminal('no');
    await confirm('It ends.', { yes: true }, at);
    expect(at.asked()).toBe('');
  });

  test.each([
    ['the answer is piped in', { input: false, output: true }],
    ['the question would go into a file', { input: true, output: false }],
    ['neither is a terminal', { input: false, output: false }],
  ])('is refused without --yes where %s, whatever it says', async (_where, isTTY) => {
    const at = terminal('yes', isTTY);
    await expect(confirm('It ends.', { yes: false }, at)).rejects.toMatchObject({
      message: expect.stringContaining('--yes'),
      exitCode: EXIT.usage,
    });
    expect(at.asked()).toBe('');
  });

  test('is done with --yes without a terminal', async () => {
    const at = terminal('', { input: false, output: false });
    await confirm('It ends.', { yes: true }, at);
    expect(at.asked()).toBe('');
  });
});
