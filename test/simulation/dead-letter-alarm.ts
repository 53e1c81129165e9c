import type { Queues } from './services/queues.ts';

/** CloudWatch's alarm on the dead-letter queue: it acts on the transition alone. */
export class DeadLetterAlarm {
  private readonly queues: Queues;
  private readonly onAlarm: () => void;
  private wasInAlarm = false;

  constructor(queues: Queues, onAlarm: () => void) {
    this.queues = queues;
    this.onAlarm = onAlarm;
  }

  evaluate(): void {
    const isInAlarm = this.queues.dead.metrics().visible > 0;
    if (isInAlarm && !this.wasInAlarm) this.onAlarm();
    this.wasInAlarm = isInAlarm;
  }
}
