/**
 * What prevents the runtime from working, by the failing part, until the part works again. The runtime keeps running: a
 * full disk may have room again later.
 */
export class Readiness {
  private readonly reasons = new Map<string, string>();
  private readonly tell: (line: string) => void;

  /** @param tell called when a part fails, fails for another reason, and works again; one line each */
  constructor(tell: (line: string) => void) {
    this.tell = tell;
  }

  /** The failing parts, as `part: reason`; empty if all work. */
  list(): readonly string[] {
    return [...this.reasons].map(([part, reason]) => `${part}: ${reason}`);
  }

  fails(part: string, reason: string): void {
    if (this.reasons.get(part) === reason) return;
    this.reasons.set(part, reason);
    this.tell(`${part}: ${reason}`);
  }

  works(part: string): void {
    if (this.reasons.delete(part)) this.tell(`${part}: works again`);
  }

  /**
   * Writes something optional: a failure is only reported.
   *
   * @returns whether it was written
   */
  write(part: string, work: () => void): boolean {
    try {
      work();
      this.works(part);
      return true;
    } catch (error) {
      this.fails(part, error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
