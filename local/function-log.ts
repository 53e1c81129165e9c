import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readiness } from './readiness.ts';

/** At most two files of this size, to bound the use of a laptop's disk. */
const FILE_LIMIT_BYTES = 20 * 1024 * 1024;
/** Lines are buffered for this long: a file write per line would cost more than the function that wrote it. */
const FLUSH_MS = 200;
/** The maximum number of lines buffered while the disk is full: some minutes' worth. Beyond it the oldest are lost. */
const WAITING_LIMIT = 10_000;

/** Everything the functions write, line by line, in `functions.ndjson`. */
export class FunctionLog {
  private readonly file: string;
  private readonly readiness: Readiness;
  private lines: string[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(directory: string, readiness: Readiness) {
    mkdirSync(directory, { recursive: true });
    this.file = join(directory, 'functions.ndjson');
    this.readiness = readiness;
  }

  write(line: string): void {
    this.lines.push(line);
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Lines that can't be written stay in the buffer. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.lines.length === 0) return;
    const isWritten = this.readiness.write('the functions’ log', () => this.append());
    this.lines = isWritten ? [] : this.lines.slice(-WAITING_LIMIT);
  }

  private append(): void {
    appendFileSync(this.file, `${this.lines.join('\n')}\n`);
    if (statSync(this.file).size > FILE_LIMIT_BYTES) renameSync(this.file, `${this.file}.1`);
  }
}
