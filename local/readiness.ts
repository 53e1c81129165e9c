/**
 * What keeps the runtime from its work, by the part that fails, until the part works again. The runtime lives on
 * meanwhile: a disk that was full has room again some day.
 */
export class Readiness {
  private readonly reasons = new Map<string, string>();
  private readonly tell: (line: string) => void;

  /** @param tell told when a part fails, fails for another reason, and works again; one line each */
  constructor(tell: (line: string) => void) {
    this.tell = tell;
  }

  /** What fails, as `part: reason`; empty when all works. */
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
   * Writes what the runtime can do without: a failure is told and no more.
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
