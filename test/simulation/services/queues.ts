import { TIMING } from '../../../domain/payment/timing.ts';
import type { VirtualClock } from '../../../local/clock.ts';
import { FifoQueue } from '../../../local/sqs/engine/fifo-queue.ts';
import type { Message } from '../../../local/sqs/engine/message.ts';
import { MessageMover } from '../../../local/sqs/engine/message-mover.ts';
import { settingsOf, withDefaults } from '../../../local/sqs/engine/queue-attributes.ts';
import { SqsStore } from '../../../local/sqs/store.ts';

/** Nothing is kept: a schedule lives as long as its process. */
class ForgetfulStore extends SqsStore {
  constructor() {
    super(':memory:');
  }
  override transaction<T>(work: () => T): T {
    return work();
  }
  override insertMessage(): void {}
  override updateMessage(): void {}
  override deleteMessage(): void {}
  override saveDeduplication(): void {}
  override forgetDeduplications(): void {}
  override saveMoveTask(): void {}
  override loadMessages(): Message[] {
    return [];
  }
  override loadDeduplications() {
    return [];
  }
}

const STORE = new ForgetfulStore();

const COMMON = {
  FifoQueue: 'true',
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
  VisibilityTimeout: String(TIMING.visibilityTimeoutSeconds),
  MessageRetentionPeriod: String(TIMING.retentionDays * 24 * 3600),
};

/** The pipeline's two queues, by the engine of the local SQS. */
export class Queues {
  readonly main: FifoQueue;
  readonly dead: FifoQueue;
  readonly mover: MessageMover;

  constructor(clock: VirtualClock) {
    this.dead = new FifoQueue({
      name: 'dead.fifo',
      arn: 'arn:dead',
      clock,
      store: STORE,
      settings: settingsOf(withDefaults(COMMON)),
      deadLetterQueue: () => undefined,
    });
    const redrive = JSON.stringify({
      deadLetterTargetArn: 'arn:dead',
      maxReceiveCount: TIMING.maxReceiveCount,
    });
    this.main = new FifoQueue({
      name: 'main.fifo',
      arn: 'arn:main',
      clock,
      store: STORE,
      settings: settingsOf(withDefaults({ ...COMMON, RedrivePolicy: redrive })),
      deadLetterQueue: () => this.dead,
    });
    this.mover = new MessageMover({
      clock,
      store: STORE,
      queueOf: (arn) => [this.main, this.dead].find((queue) => queue.arn === arn),
      sourcesOf: (arn) => (arn === 'arn:dead' ? [this.main] : []),
    });
  }
}
