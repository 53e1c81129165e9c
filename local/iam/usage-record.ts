import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readiness } from '../readiness.ts';
import type { Grant } from './statement.ts';

/** A line of a usage file: a grant, its use, or a refused request. */
type UsageLine = { readonly granted: Grant } | { readonly used: Grant } | { readonly refused: string };

/**
 * Records the existing grants and the used ones, a line each, appended as it happens: a killed runtime loses nothing, and
 * files of several runs can be concatenated.
 */
export class UsageRecord {
  private readonly files: readonly string[];
  private readonly readiness: Readiness;
  private readonly written = new Set<string>();

  constructor(files: readonly string[], readiness: Readiness) {
    this.files = files;
    this.readiness = readiness;
    for (const file of files) mkdirSync(dirname(file), { recursive: true });
  }

  granted(grants: readonly Grant[]): void {
    this.append(grants.map((granted) => ({ granted })));
  }

  /** At most one line per grant. */
  used(grant: Grant): void {
    this.append([{ used: grant }]);
  }

  refused(line: string): void {
    this.append([{ refused: line }]);
  }

  private append(lines: readonly UsageLine[]): void {
    const fresh = lines.map((line) => JSON.stringify(line)).filter((line) => !this.written.has(line));
    if (fresh.length === 0) return;
    const text = `${fresh.join('\n')}\n`;
    const isWritten = this.readiness.write('the record of used grants', () => {
      for (const file of this.files) appendFileSync(file, text);
    });
    if (isWritten) for (const line of fresh) this.written.add(line);
  }
}
