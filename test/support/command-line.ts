import { CommanderError } from 'commander';
import { EXIT } from '../../cli/errors.ts';
import { createProgram } from '../../cli/program.ts';
import { createRun } from '../../cli/run.ts';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly json: any;
}

// Nobody sits here to be asked, whoever started the tests.
Object.defineProperty(process.stdin, 'isTTY', { value: false });

/** A command in this process: what its user would type after `oncepay`, against the runtime of that folder. */
export async function oncepayAt(directory: string, args: readonly string[]): Promise<Said> {
  const said = { out: '', err: '' };
  let code: number | undefined;
  const streams = {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
  };
  const run = createRun({
    ...streams,
    end: (exitCode) => {
      code = exitCode;
    },
  });
  const leave = (error: CommanderError): never => {
    throw error;
  };
  try {
    await createProgram(run, { ...streams, leave }).parseAsync(['--data', directory, ...args], {
      from: 'user',
    });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  const json = args.includes('--json') ? JSON.parse(said.out) : undefined;
  return { ...said, code: code ?? -1, json };
}
