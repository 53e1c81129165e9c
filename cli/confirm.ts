import { createInterface } from 'node:readline/promises';
import { CliError, EXIT } from './errors.ts';

/** Where a person is asked, and answers. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Asks a person on a terminal before what can't be undone; `--yes` is the answer given beforehand. Off a terminal nobody
 * is there to ask: whoever wrote the line, with its reason, has decided.
 *
 * @throws CliError with the exit code 4 when the answer isn't yes
 */
export async function confirm(
  question: string,
  options: { readonly yes: boolean },
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  const hasPerson = input.isTTY === true && output.isTTY === true;
  if (options.yes || !hasPerson) return;
  const terminal = createInterface({ input, output });
  const answer = await terminal.question(`${question} Type yes to go on: `).finally(() => terminal.close());
  if (answer.trim().toLowerCase() !== 'yes') throw new CliError('Nothing was done.', EXIT.refused);
}
