import { createInterface } from 'node:readline/promises';
import { CliError, EXIT } from './errors.ts';

/** Where a person is asked, and answers. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Asks a person on a terminal before what can't be undone; `--yes` is the answer given beforehand. Off a terminal nobody
 * is there to ask, and a line that was written for a person may have got into a script: only `--yes` says that it was
 * meant for one.
 *
 * @throws CliError with the exit code 2 when nobody can be asked, 4 when the answer isn't yes
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
      `${question} Nobody is at a terminal to be asked: say --yes. Nothing was done.`,
      EXIT.usage,
    );
  }
  const terminal = createInterface({ input, output });
  const answer = await terminal.question(`${question} Type yes to go on: `).finally(() => terminal.close());
  if (answer.trim().toLowerCase() !== 'yes') throw new CliError('Nothing was done.', EXIT.refused);
}
