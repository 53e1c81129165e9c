import type { Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../../cli/program.ts';
import type { Run } from '../../../cli/run.ts';
import { createStartProgram } from '../../../local/start-options.ts';
import manifest from '../../../package.json' with { type: 'json' };

/** How a shell takes a line apart, as far as our examples go: quotes keep spaces, a pipe ends the command. */
function wordsOf(line: string): readonly string[] {
  const [command = ''] = line.split(' | ');
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/g)].map(
    ([, one, two, bare]) => one ?? two ?? bare ?? '',
  );
}

/** What a command prints for `--help`. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

/** The lines of a help text that show how the program is called. */
function examplesIn(help: string, name: string): readonly string[] {
  return help
    .split('\n')
    .filter((line) => line.startsWith(`  ${name} `) || line === `  ${name}`)
    .map((line) => line.trim());
}

function commandsUnder(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsUnder)];
}

const noStreams = { write: () => true };
const refuse = (error: CommanderError): never => {
  throw error;
};

function oncepay(ran: () => void): Command {
  const run: Run =
    (schema) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      schema.parse(command.optsWithGlobals());
      ran();
    };
  return createProgram(run, { stdout: noStreams, stderr: noStreams, leave: refuse });
}

describe('every example in a help text of oncepay', () => {
  const examples = commandsUnder(oncepay(() => {})).flatMap((command) =>
    examplesIn(helpOf(command), 'oncepay'),
  );

  test('is found', () => expect(examples.length).toBeGreaterThan(15));

  test.each([...new Set(examples)])('%s', async (example) => {
    let runs = 0;
    await oncepay(() => {
      runs += 1;
    }).parseAsync(wordsOf(example).slice(1), { from: 'user' });
    expect(runs).toBe(1);
  });
});

test('oncepay --version says that of its package', () => {
  let said = '';
  const stdout = { write: (text: string) => (said += text) };
  const program = createProgram(() => async () => {}, { stdout, stderr: noStreams, leave: refuse });
  expect(() => program.parse(['--version'], { from: 'user' })).toThrow(
    expect.objectContaining({ exitCode: 0 }),
  );
  expect(said).toBe(`${manifest.version}\n`);
});

describe('every example in the help text of npm start', () => {
  const examples = examplesIn(helpOf(createStartProgram()), 'npm start');

  test('is found', () => expect(examples.length).toBeGreaterThan(2));

  test.each(examples)('%s', (example) => {
    const words = wordsOf(example);
    const own = words.includes('--') ? words.slice(words.indexOf('--') + 1) : [];
    expect(() => createStartProgram().exitOverride(refuse).parse(own, { from: 'user' })).not.toThrow();
    // npm begins with a banner, which no reader of JSON takes.
    expect(example.includes(' | ') && !words.includes('--silent')).toBe(false);
  });
});
