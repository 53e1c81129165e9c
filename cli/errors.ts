/** The exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** A problem was found, in the pipeline or with the arguments. */
  problem: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
} as const;

/** An expected failure: its message goes to stderr, its code becomes the exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
