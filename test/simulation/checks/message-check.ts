import type { ModelState } from '../model/state.ts';
import type { Queues } from '../services/queues.ts';
import type { Violations } from '../violations.ts';

/**
 * No message is lost: whatever waits for one, and whose newest one reached the queue, has one in a queue. The relay
 * would make up for a loss in the end; that is no reason to lose any.
 */
export class MessageCheck {
  private readonly violations: Violations;
  private readonly state: ModelState;
  private readonly queues: Queues;
  /** By instruction: the newest send number that reached the queue. */
  private readonly sent = new Map<string, number>();

  constructor(violations: Violations, state: ModelState, queues: Queues) {
    this.violations = violations;
    this.state = state;
    this.queues = queues;
  }

  noteSent(instructionId: string, sendNumber: number): void {
    this.sent.set(instructionId, sendNumber);
  }

  /** Its message may be acknowledged from now on: the relay sends the next. */
  noteParked(instructionId: string): void {
    this.sent.delete(instructionId);
  }

  /** To be called while nothing runs. */
  check(): void {
    const bodies = [...this.queues.main.bodies(), ...this.queues.dead.bodies()].join();
    for (const row of this.state.instructions.values()) {
      const waits = ['ready', 'executing', 'dead_lettered'].includes(row.state) && !row.parked;
      if (!waits || this.sent.get(row.id) !== row.sendNo || bodies.includes(row.id)) continue;
      this.violations.add(`${row.id} is ${row.state} and has no message in any queue`);
    }
  }
}
