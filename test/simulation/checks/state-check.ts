import { FAULT_KINDS, type FaultKind, type Faults } from '../faults.ts';
import { hasFailed, isTerminalState, type ModelInstruction, type ModelState } from '../model/state.ts';
import type { Scheduler } from '../scheduler.ts';
import type { PspObject } from '../services/open-objects.ts';
import type { Violations } from '../violations.ts';

/** What is parked behind its parent is tried again within a minute of its end, unless the relay is late. */
const LONGEST_SLEEP_MS = 10 * 60_000;

const HARMLESS: ReadonlySet<FaultKind> = new Set([
  'PSP limits the rate',
  'PSP answers late',
  ...FAULT_KINDS.filter((kind) => /^(event|buyer) /.test(kind)),
]);
/** What has changed at the PSP is looked up by then, event or not. */
const SLOWEST_POLL_MS = 15 * 60_000;
const EXPIRED_AND_OPEN = 'expired, and still open at the PSP';

/** What waits or has waited at this PSP under this key. */
type ObjectOf = (psp: string, key: string) => PspObject | undefined;

/** What must hold of the instructions' states at every moment. */
export class StateCheck {
  private readonly violations: Violations;
  private readonly state: ModelState;
  private readonly scheduler: Scheduler;
  private readonly faults: Faults;
  private readonly terminal = new Map<string, string>();
  private readonly quarantined = new Set<string>();
  private readonly objectOf: ObjectOf;

  constructor(
    violations: Violations,
    state: ModelState,
    scheduler: Scheduler,
    faults: Faults,
    objectOf: ObjectOf,
  ) {
    this.objectOf = objectOf;
    this.faults = faults;
    this.violations = violations;
    this.state = state;
    this.scheduler = scheduler;
  }

  check(): void {
    for (const row of this.state.instructions.values()) {
      this.checkQuarantine(row);
      this.checkTerminal(row);
      if (row.state === 'executing') this.checkTurn(row);
      if (row.parked && row.waitsFor === null) this.checkSleep(row);
    }
    this.checkPages();
    this.checkRateLimits();
  }

  /** A buyer is sent to a page only while the order waits for the buyer; the database refuses anything else. */
  private checkPages(): void {
    for (const { id, statusDetail, nextAction } of this.state.orders.values())
      if (nextAction !== null && statusDetail !== 'awaiting_buyer')
        this.violations.add(`${id} sends its buyer to a page while it is ${statusDetail}`);
  }

  /**
   * Where nothing went wrong but that a PSP limited our rate or lost an event, no instruction dies, nor needs a person, unless
   * it has expired at a PSP that can't end it.
   */
  private checkRateLimits(): void {
    if (!this.isAllWell()) return;
    for (const { id, operation, state, reason } of this.state.instructions.values()) {
      // No version carries it out yet.
      if (operation === 'capture') continue;
      if (state === 'dead_lettered' || (state === 'quarantined' && reason !== EXPIRED_AND_OPEN))
        this.violations.add(`${id} is ${state} though nothing went wrong: ${reason}`);
    }
  }

  private isAllWell(): boolean {
    return [...this.faults.counts.keys()].every((fault) => HARMLESS.has(fault));
  }

  private checkQuarantine(row: ModelInstruction): void {
    if (row.state !== 'quarantined') {
      this.quarantined.delete(row.id);
      return;
    }
    if (this.quarantined.has(row.id)) return;
    this.quarantined.add(row.id);
    if (row.reason === EXPIRED_AND_OPEN && this.wasOverAtPsp(row))
      this.violations.add(`${row.id} is for a person as open, and no longer waits at the PSP`);
    if (this.isTakenFromItsWorker(row))
      this.violations.add(`${row.id} is quarantined while a worker holds it`);
  }

  /** The buyer has approved, or it has ended: a look-up must have shown it, as long as only events failed. */
  private wasOverAtPsp({ psp, id }: ModelInstruction): boolean {
    const object = this.objectOf(psp, id);
    if (object === undefined || object.changedAt > this.scheduler.clock.now() - SLOWEST_POLL_MS) return false;
    const isUndone = object.state === 'approved' && this.isAllWell();
    return isUndone || !['open', 'approved', 'failed'].includes(object.state);
  }

  /** Its lease isn't over, and its worker has recorded no evidence yet. */
  private isTakenFromItsWorker(row: ModelInstruction): boolean {
    const hasEvidence = this.state.evidence.has([row.id, row.attemptNo, row.claimToken, 0].join(' '));
    return row.notBefore > this.scheduler.clock.now() && !hasEvidence;
  }

  /** It is executed only after its parent has succeeded. */
  private checkTurn(row: ModelInstruction): void {
    const parent = this.state.parentOf(row);
    if (parent === undefined || (isTerminalState(parent.state) && !hasFailed(parent))) return;
    this.violations.add(`${row.id} is executed while its parent ${parent.id} is ${parent.state}`);
  }

  /** Nothing sleeps on when its parent has ended. */
  private checkSleep(row: ModelInstruction): void {
    const parent = this.state.parentOf(row);
    if (row.attemptNo > 0 || parent === undefined) return;
    if (row.notBefore <= this.scheduler.clock.now() + LONGEST_SLEEP_MS) return;
    if (isTerminalState(parent.state))
      this.violations.add(`${row.id} sleeps on although its parent has ended`);
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
