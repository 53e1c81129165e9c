import { createInterface } from 'node:readline/promises';
import { CliError, EXIT } from './errors.ts';

/** The terminal for the question and the answer. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Asks for confirmation on a terminal before an operation that can't be undone; `--yes` skips the question. Without a
 * terminal `--yes` is required, since a command written for a person may have got into a script.
 *
 * @throws CliError with the exit code 2 without a terminal, 4 if the answer isn't yes
 */
export async function confirm(
  question: string,
  options: { readonly yes: boolean },
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (options.yes) return;
  const hasPerson = input.isTTY === true && output.isTTY === true;
  if (!hasPerson) {
    throw new CliError(
      `${question} There is no terminal to ask on: add --yes. Nothing was done.`,
      EXIT.usage,
    );
  }
  const terminal = createInterface({ input, output });
  const answer = await terminal
    .question(`${question} Type yes to continue: `)
    .finally(() => terminal.close());
  if (answer.trim().toLowerCase() !== 'yes') throw new CliError('Nothing was done.', EXIT.refused);
}
