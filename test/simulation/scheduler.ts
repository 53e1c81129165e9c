import { VirtualClock } from '../../local/clock.ts';
import type { Random } from './random.ts';

/** One thing a process waits for: it happens when the scheduler says so. */
interface Step {
  readonly process: Process;
  readonly name: string;
  readonly happen: () => Promise<void>;
}

/** What runs: one invocation of a function. Killed, it never goes on, and nothing it waits for happens. */
export interface Process {
  /** Which function it is an invocation of. */
  readonly kind: string;
  readonly name: string;
  isAlive: boolean;
}

/**
 * Runs real asynchronous code deterministically: whatever a process does outside itself is a step, and at any time one
 * step, chosen by the seed, happens. Time stands still but for when it is moved.
 */
export class Scheduler {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly story: string[] = [];
  private readonly waiting: Step[] = [];
  private readonly endings = new Map<Process, () => void>();
  private readonly startedAt: number;

  constructor(random: Random, startedAt: number) {
    this.random = random;
    this.startedAt = startedAt;
    this.clock = new VirtualClock(startedAt);
  }

  /** Seconds since the beginning. */
  get elapsedSeconds(): number {
    return (this.clock.now() - this.startedAt) / 1000;
  }

  get hasSteps(): boolean {
    return this.waiting.length > 0;
  }

  /** What `effect` does is done when the step is chosen, all at once. */
  step<T>(process: Process, name: string, effect: () => T | Promise<T>): Promise<T> {
    // One of its own: whoever waits for it is forgotten with it.
    if (!process.isAlive) return new Promise(() => {});
    return new Promise<T>((resolve, reject) => {
      const happen = async () => {
        try {
          const result = await effect();
          if (process.isAlive) resolve(result);
        } catch (error) {
          if (process.isAlive) reject(error);
        }
      };
      this.waiting.push({ process, name, happen });
    });
  }

  /** Told once, when the process has ended or died. */
  whenEnded(process: Process, callback: () => void): void {
    this.endings.set(process, callback);
  }

  onEnd(process: Process): void {
    process.isAlive = false;
    const callback = this.endings.get(process);
    this.endings.delete(process);
    callback?.();
  }

  /** @param onDeath told, before the process is gone, of what it was about to do */
  kill(process: Process, why: string, onDeath: (happen: () => Promise<void>) => void = () => {}): void {
    if (!process.isAlive) return;
    this.onEnd(process);
    this.tell(`${process.name} dies: ${why}`);
    for (let index = this.waiting.length - 1; index >= 0; index -= 1) {
      const step = this.waiting[index];
      if (step?.process !== process) continue;
      this.waiting.splice(index, 1);
      if (step.name.includes('.database.')) onDeath(step.happen);
    }
  }

  /** A step of nobody's. */
  enqueue(name: string, happen: () => Promise<void>): void {
    this.waiting.push({
      process: { kind: name, name, isAlive: true },
      name,
      happen: () => happen().catch(() => {}),
    });
  }

  /** Lets one waiting step happen, and all that follows from it without another. */
  async advance(): Promise<void> {
    const [step] = this.waiting.splice(this.random.below(this.waiting.length), 1);
    if (step === undefined) return;
    const happening = step.happen();
    // A real database answers in its own time; a PSP may never, and nobody waits for that.
    if (step.name.includes('.database.')) await happening;
    await settle();
  }

  async moveTime(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await settle();
  }

  /** Moves time until something waits for its turn: what a timer starts is not killed by the same move. */
  async moveTimeUntilStep(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    while (this.clock.now() < end && !this.hasSteps) {
      this.clock.advanceToTimer(end - this.clock.now());
      await settle();
    }
  }

  tell(line: string): void {
    this.story.push(`${this.elapsedSeconds.toFixed(1).padStart(9)} s  ${line}`);
  }
}

/**
 * Until every process waits for a step or a timer. No code here waits for anything else, so it is enough that all
 * microtasks have run: the next tick comes after them.
 */
export async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });
}
