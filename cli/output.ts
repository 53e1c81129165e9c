import Table from 'cli-table3';
import { createColors } from 'picocolors';

/** A command's output: data to stdout, notes to stderr. */
export interface Output {
  readonly isJson: boolean;
  readonly colors: ReturnType<typeof createColors>;
  /** One JSON document on stdout, or what `people` draws. */
  data(value: unknown, people: () => string): void;
  note(line: string): void;
}

export interface OutputStreams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

interface TextStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function createOutput(isJson: boolean, { stdout, stderr }: OutputStreams): Output {
  const isColored = stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return {
    isJson,
    colors: createColors(isColored),
    data: (value, people) => {
      stdout.write(`${isJson ? JSON.stringify(value, asText, 2) : people()}\n`);
    },
    note: (line) => {
      stderr.write(`${line}\n`);
    },
  };
}

/** Amounts are bigints, which JSON doesn't support. */
function asText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const drawn = new Table({ head: [...head], style: { head: [], border: [] }, wordWrap: true });
  for (const row of rows) drawn.push(row.map((cell) => (cell === null ? '' : String(cell))));
  return drawn.toString();
}
