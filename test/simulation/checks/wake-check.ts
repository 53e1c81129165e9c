import { isTerminalState, type ModelInstruction, type ModelState } from '../model/state.ts';
import type { Scheduler } from '../scheduler.ts';

interface Wake {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly attemptNo: number;
  readonly duringLookUp: boolean;
}

/** A wake that was followed by a look-up. */
export interface AnsweredWake {
  /** From the wake to the claim of the look-up. */
  readonly seconds: number;
  /** It came while a worker was looking up, or had sent. */
  readonly duringLookUp: boolean;
}

/** How long what was woken takes to be looked up: by the next attempt, since the current one may have looked before. */
export class WakeCheck {
  readonly answered: AnsweredWake[] = [];
  private readonly state: ModelState;
  private readonly scheduler: Scheduler;
  /** By instruction, the first wake since its newest claim. */
  private readonly waiting = new Map<string, Wake>();

  constructor(state: ModelState, scheduler: Scheduler) {
    this.state = state;
    this.scheduler = scheduler;
  }

  check(): void {
    for (const row of this.state.instructions.values()) {
      this.noteAnswered(row);
      if (row.wokenAt !== null && !this.waiting.has(row.id))
        this.waiting.set(row.id, {
          at: row.wokenAt,
          attemptNo: row.attemptNo,
          duringLookUp: row.state === 'executing',
        });
    }
  }

  private noteAnswered(row: ModelInstruction): void {
    const wake = this.waiting.get(row.id);
    const isOver = isTerminalState(row.state) || row.state === 'quarantined';
    if (wake === undefined || !(isOver || row.attemptNo > wake.attemptNo)) return;
    this.waiting.delete(row.id);
    if (row.attemptNo === wake.attemptNo) return;
    const { duringLookUp } = wake;
    this.answered.push({ seconds: (this.scheduler.clock.now() - wake.at) / 1000, duringLookUp });
  }
}
