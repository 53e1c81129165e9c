/** The exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** A problem was found, in the pipeline or in what was asked for. */
  problem: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
} as const;

/** An end that is no bug: its message goes to stderr, its code is the command's. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
