import type * as z from 'zod';
import { DatabaseResumingError, DatabaseUnreachableError } from '../adapters/database/database.ts';
import { OperationError } from '../operations/operation-error.ts';
import { connect, type Pipeline } from './connect.ts';
import { CliError, EXIT } from './errors.ts';
import type { commonSchema } from './options.ts';
import { createOutput, type Output, type OutputStreams } from './output.ts';

type Common = z.output<typeof commonSchema>;

/** A command's work on a connected pipeline; returns the exit code. */
export type Work<Options> = (
  pipeline: Pipeline,
  output: Output,
  options: Options,
  ...args: string[]
) => Promise<number>;

/** Turns a command's work into its action. */
export type Run = <Options extends Common>(
  schema: z.ZodType<Options>,
  work: Work<Options>,
) => (...given: unknown[]) => Promise<void>;

/** A command's output and exit. */
export interface Surroundings extends OutputStreams {
  /** Called once with the exit code. */
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

/** Commander passes the command last; it gives access to its parents' options. */
function optionsOf(command: unknown): unknown {
  const hasOptions = typeof command === 'object' && command !== null && 'optsWithGlobals' in command;
  if (!hasOptions || typeof command.optsWithGlobals !== 'function') return {};
  return command.optsWithGlobals();
}

/** As typed: `olderThan` is `--older-than`. */
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
