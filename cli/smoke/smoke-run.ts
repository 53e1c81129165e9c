/** One leg of the way, as it went. */
export interface Leg {
  readonly leg: string;
  readonly outcome: 'well' | 'failed' | 'skipped';
  readonly milliseconds: number;
  readonly detail: string;
}

/** Thrown by a leg that found something wrong; the message says what was expected and what was found. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
}

/** Runs legs in their order, with times. After one that failed, those that need it are skipped. */
export class SmokeRun {
  readonly legs: Leg[] = [];
  private readonly onCheck: (leg: Leg) => void;
  private hasFailed = false;

  constructor(onCheck: (leg: Leg) => void) {
    this.onCheck = onCheck;
  }

  get isWell(): boolean {
    return this.legs.every(({ outcome }) => outcome === 'well');
  }

  /** A leg that the later ones stand on. @returns undefined when it failed or was skipped */
  async step<T>(leg: string, work: () => Promise<readonly [T, string]>): Promise<T | undefined> {
    if (this.hasFailed) {
      this.add({ leg, outcome: 'skipped', milliseconds: 0, detail: 'an earlier leg failed' });
      return undefined;
    }
    return this.run(leg, work, true);
  }

  /** A look at something beside the way: done whatever has failed before, and no later leg needs it. */
  async look(leg: string, work: () => Promise<string>): Promise<void> {
    await this.run(leg, async () => [undefined, await work()], false);
  }

  /** A time that was measured elsewhere. */
  measured(leg: string, milliseconds: number, detail: string): void {
    this.add({ leg, outcome: 'well', milliseconds, detail });
  }

  private async run<T>(
    leg: string,
    work: () => Promise<readonly [T, string]>,
    isNeeded: boolean,
  ): Promise<T | undefined> {
    const startedAt = performance.now();
    const milliseconds = () => Math.round(performance.now() - startedAt);
    try {
      const [result, detail] = await work();
      this.add({ leg, outcome: 'well', milliseconds: milliseconds(), detail });
      return result;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.add({ leg, outcome: 'failed', milliseconds: milliseconds(), detail });
      this.hasFailed ||= isNeeded;
      return undefined;
    }
  }

  private add(leg: Leg): void {
    this.legs.push(leg);
    this.onCheck(leg);
  }
}
