/** The result of one check. */
export interface CheckResult {
  readonly check: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly milliseconds: number;
  readonly detail: string;
}

/** Thrown by a check that found a problem; the message says what was expected and what was found. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
}

/** Runs checks in order and times them. After a failed step, the steps that need it are skipped. */
export class SmokeRun {
  readonly checks: CheckResult[] = [];
  private readonly onCheck: (check: CheckResult) => void;
  private hasFailed = false;

  constructor(onCheck: (check: CheckResult) => void) {
    this.onCheck = onCheck;
  }

  get isOk(): boolean {
    return this.checks.every(({ outcome }) => outcome === 'ok');
  }

  /** A check that later steps need. @returns undefined if it failed or was skipped */
  async step<T>(check: string, work: () => Promise<readonly [T, string]>): Promise<T | undefined> {
    if (this.hasFailed) {
      this.add({ check, outcome: 'skipped', milliseconds: 0, detail: 'an earlier check failed' });
      return undefined;
    }
    return this.run(check, work, true);
  }

  /** A check that no later step needs: runs whatever has failed before. */
  async look(check: string, work: () => Promise<string>): Promise<void> {
    await this.run(check, async () => [undefined, await work()], false);
  }

  /** A time that was measured elsewhere. */
  measured(check: string, milliseconds: number, detail: string): void {
    this.add({ check, outcome: 'ok', milliseconds, detail });
  }

  private async run<T>(
    check: string,
    work: () => Promise<readonly [T, string]>,
    isNeeded: boolean,
  ): Promise<T | undefined> {
    const startedAt = performance.now();
    const milliseconds = () => Math.round(performance.now() - startedAt);
    try {
      const [result, detail] = await work();
      this.add({ check, outcome: 'ok', milliseconds: milliseconds(), detail });
      return result;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.add({ check, outcome: 'failed', milliseconds: milliseconds(), detail });
      this.hasFailed ||= isNeeded;
      return undefined;
    }
  }

  private add(check: CheckResult): void {
    this.checks.push(check);
    this.onCheck(check);
  }
}
