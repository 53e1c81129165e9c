import { isTerminalState, type ModelEvent, type ModelState } from '../model/state.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Violations } from '../violations.ts';

/** The relay looks each minute; it may fail a few times in a row. */
const MATCHED_WITHIN_MS = 30 * 60_000;

/** Every event has its place, and none is lost or stored twice. */
export class EventCheck {
  private readonly violations: Violations;
  private readonly state: ModelState;
  private readonly scheduler: Scheduler;

  constructor(violations: Violations, state: ModelState, scheduler: Scheduler) {
    this.violations = violations;
    this.state = state;
    this.scheduler = scheduler;
  }

  /** The PSP was told that it need not send the event again. */
  checkAnswered(account: string, pspEventId: string): void {
    const stored = this.stored().filter((event) => event.pspAccount === account);
    const isStored = stored.some((event) => event.pspEventId === pspEventId);
    // A twin is counted at the first event of its change.
    if (!isStored && !stored.some(({ deliveries }) => deliveries > 1))
      this.violations.add(`${pspEventId} was answered and is not stored`);
  }

  /** An event of one account has nothing to say about another's instruction. */
  checkWoken(account: string, instructionIds: readonly string[]): void {
    for (const id of instructionIds)
      if (this.state.instruction(id).psp !== account)
        this.violations.add(`${id} is woken by an event of ${account}`);
  }

  checkEnd(): void {
    const events = this.stored();
    for (const name of ['pspEventId', 'change'] as const)
      if (new Set(events.map((event) => `${event.pspAccount} ${event[name]}`)).size < events.length)
        this.violations.add('an event is stored twice');
    for (const event of events) this.checkPlace(event);
  }

  private checkPlace(event: ModelEvent): void {
    const named = this.namedBy(event);
    const own = named.filter((row) => row.psp === event.pspAccount);
    const isNew = event.receivedAt > this.scheduler.clock.now() - MATCHED_WITHIN_MS;
    const holds = {
      matched: own.length > 0,
      ended: own.some((row) => isTerminalState(row.state)),
      early: named.length === 0 || isNew,
      unknown: named.length === 0,
      foreign: own.length === 0,
    };
    if (!holds[event.state])
      this.violations.add(`${event.pspEventId} is ${event.state}, and names ${named.length} of ours`);
  }

  private namedBy({ instructionId, paymentOrderId }: ModelEvent) {
    return [...this.state.instructions.values()].filter((row) =>
      instructionId === null ? row.orderId === paymentOrderId : row.id === instructionId,
    );
  }

  private stored(): readonly ModelEvent[] {
    return [...this.state.events.values()];
  }
}
