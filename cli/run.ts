import type * as z from 'zod';
import { DatabaseResumingError, DatabaseUnreachableError } from '../adapters/database/database.ts';
import { OperationError } from '../operations/operation-error.ts';
import { connect, type Pipeline } from './connect.ts';
import { CliError, EXIT } from './errors.ts';
import type { commonSchema } from './options.ts';
import { createOutput, type Output, type OutputStreams } from './output.ts';

type Common = z.output<typeof commonSchema>;

/** What a command does once its pipeline answers; the number is its exit code. */
export type Work<Options> = (
  pipeline: Pipeline,
  output: Output,
  options: Options,
  ...args: string[]
) => Promise<number>;

/** Makes a command's action of what it does. */
export type Run = <Options extends Common>(
  schema: z.ZodType<Options>,
  work: Work<Options>,
) => (...given: unknown[]) => Promise<void>;

/** Where a command's words go, and what it comes to. */
export interface Surroundings extends OutputStreams {
  /** Told the exit code, once. */
  end(exitCode: number): void;
}

/** Parses options, connects, works, and turns every failure into a message and an exit code. */
export function createRun(surroundings: Surroundings): Run {
  return (schema, work) =>
    async (...given) => {
      const command = given.at(-1);
      const parsed = schema.safeParse(optionsOf(command));
      const output = createOutput(parsed.data?.json ?? false, surroundings);
      if (!parsed.success) {
        for (const issue of parsed.error.issues)
          output.note(`oncepay: ${flagOf(issue.path)}: ${issue.message}`);
        surroundings.end(EXIT.usage);
        return;
      }
      const options = parsed.data;
      const args = given.slice(0, -2).map(String);
      try {
        const pipeline = await connect(options);
        surroundings.end(await work(pipeline, output, options, ...args));
      } catch (error) {
        surroundings.end(tell(error, output));
      }
    };
}

/** Commander hands over the command last; its parents' options are read through it. */
function optionsOf(command: unknown): unknown {
  const hasOptions = typeof command === 'object' && command !== null && 'optsWithGlobals' in command;
  if (!hasOptions || typeof command.optsWithGlobals !== 'function') return {};
  return command.optsWithGlobals();
}

/** As it is typed: `olderThan` is `--older-than`. */
function flagOf(path: readonly PropertyKey[]): string {
  return `--${path
    .map(String)
    .join('.')
    .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function tell(error: unknown, output: Output): number {
  const message = error instanceof Error ? error.message : String(error);
  output.note(`${output.colors.red('oncepay')}: ${message}`);
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof OperationError) return error.code === 'conflict' ? EXIT.refused : EXIT.problem;
  const isUnreachable = error instanceof DatabaseUnreachableError || error instanceof DatabaseResumingError;
  return isUnreachable ? EXIT.unreachable : EXIT.problem;
}
