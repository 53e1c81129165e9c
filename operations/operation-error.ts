/**
 * Thrown by an operation that changed nothing; the message names what was given and how to fix it.
 *
 * - `unknown_subject`: there is no such merchant, key, PSP, dead letter …
 * - `conflict`: it is there, and not in a state in which this can be done
 */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: 'unknown_subject' | 'conflict';

  constructor(code: OperationError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
