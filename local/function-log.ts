import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Two files of this size at most; a laptop's disk is not an archive. */
const FILE_LIMIT_BYTES = 20 * 1024 * 1024;
/** Lines are gathered for this long: a file write per line would cost more than the function that wrote it. */
const FLUSH_MS = 200;

/** Everything the functions write, line by line, in `functions.ndjson`. */
export class FunctionLog {
  private readonly file: string;
  private lines: string[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.file = join(directory, 'functions.ndjson');
  }

  write(line: string): void {
    this.lines.push(line);
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.lines.length === 0) return;
    appendFileSync(this.file, `${this.lines.join('\n')}\n`);
    this.lines = [];
    if (statSync(this.file).size > FILE_LIMIT_BYTES) renameSync(this.file, `${this.file}.1`);
  }
}
