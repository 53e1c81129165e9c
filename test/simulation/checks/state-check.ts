import { isTerminalState, type ModelInstruction, type ModelState } from '../model/state.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Violations } from '../violations.ts';

/** What must hold of the instructions' states at every moment. */
export class StateCheck {
  private readonly violations: Violations;
  private readonly state: ModelState;
  private readonly scheduler: Scheduler;
  private readonly terminal = new Map<string, string>();
  private readonly quarantined = new Set<string>();

  constructor(violations: Violations, state: ModelState, scheduler: Scheduler) {
    this.violations = violations;
    this.state = state;
    this.scheduler = scheduler;
  }

  check(): void {
    for (const row of this.state.instructions.values()) {
      this.checkQuarantine(row);
      this.checkTerminal(row);
    }
  }

  private checkQuarantine(row: ModelInstruction): void {
    if (row.state !== 'quarantined') {
      this.quarantined.delete(row.id);
      return;
    }
    if (this.quarantined.has(row.id)) return;
    this.quarantined.add(row.id);
    if (this.isTakenFromItsWorker(row))
      this.violations.add(`${row.id} is quarantined while a worker holds it`);
  }

  /** Its lease isn't over, and its worker has recorded no evidence yet. */
  private isTakenFromItsWorker(row: ModelInstruction): boolean {
    const hasEvidence = this.state.evidence.has([row.id, row.attemptNo, row.claimToken, 0].join(' '));
    return row.notBefore > this.scheduler.clock.now() && !hasEvidence;
  }

  private checkTerminal(row: ModelInstruction): void {
    const known = this.terminal.get(row.id);
    if (known !== undefined && known !== row.state)
      this.violations.add(`${row.id} left ${known} for ${row.state}`);
    if (known !== undefined || !isTerminalState(row.state)) return;
    this.terminal.set(row.id, row.state);
    this.scheduler.tell(`${row.id} is ${row.state}`);
  }
}
