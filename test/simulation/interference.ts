import { poisonIdOf } from '../../adapters/database/statements/register-poison.ts';
import { instructionMessageBody } from '../../domain/payment/instruction.ts';
import type { Context } from './context.ts';
import type { ModelInstruction } from './model/state.ts';
import { nameOf } from './services/instruction-queue.ts';
import type { Queues } from './services/queues.ts';
import type { SimulatedIds } from './services/simulated-ids.ts';

/** Well-formed, and of an instruction that never was. */
const MISSING = instructionMessageBody({
  instructionId: `ins_${'f'.repeat(32)}`,
  groupId: `ord_${'f'.repeat(32)}`,
  operation: 'charge',
});

/** What comes into the queues by no function's doing: late duplicates, poison, and what SQS moves by itself. */
export class Interference {
  private readonly context: Context;
  private readonly queues: Queues;
  private readonly ids: SimulatedIds;
  private readonly poison = new Set<string>();

  constructor(context: Context, queues: Queues, ids: SimulatedIds) {
    this.context = context;
    this.queues = queues;
    this.ids = ids;
  }

  /** A message that was lost on its way for a while, or sent twice: the same body in a new message. */
  sendAgain({ id, orderId, operation }: ModelInstruction): void {
    const body = instructionMessageBody({ instructionId: id, groupId: orderId, operation });
    this.send(body, orderId);
  }

  /** What SQS does by itself with a message that was received too often. */
  moveToDeadLetters(): void {
    const message = this.queues.main.take();
    if (message === undefined) return;
    this.context.scheduler.tell(`SQS moves ${nameOf(message.body)} to the dead letters`);
    this.queues.dead.acceptDeadLetter(message, 'arn:main');
  }

  /** SQS's own move task, started by somebody in the AWS console: it moves everything, whatever the plan says. */
  moveAllByHand(): void {
    const { mover, dead } = this.queues;
    const isRunning = mover.list(dead.arn).some(({ status }) => status === 'RUNNING');
    if (isRunning || dead.metrics().visible === 0) return;
    this.context.scheduler.tell('somebody starts a move task');
    mover.start(dead.arn, this.queues.main.arn, 20);
  }

  /** @param killsWorkers each worker dies before it can say so: then it is SQS that moves it */
  sendPoison(body: string, killsWorkers: boolean): void {
    this.poison.add(body);
    this.send(body, 'poison', killsWorkers ? this.queues.dead : this.queues.main);
  }

  /** Draws one of the kinds of poison. */
  pickPoison(): string {
    const { random } = this.context.scheduler;
    return random.pick(['not json', '{"version":9}', `{"n":${random.below(3)}}`, MISSING, this.mismatched()]);
  }

  /** Of an instruction that is there, and in the name of another order, or for another operation. */
  private mismatched(): string {
    const { random } = this.context.scheduler;
    const rows = [...this.context.state.instructions.values()];
    if (rows.length === 0) return MISSING;
    const { id, orderId, operation } = random.pick(rows);
    const isOthers = random.chance(0.5);
    return instructionMessageBody({
      instructionId: id,
      groupId: isOthers ? `ord_${'e'.repeat(32)}` : orderId,
      operation: isOthers ? operation : 'refund',
    });
  }

  /** Whatever names no instruction has come to be known as that. */
  checkPoison(): void {
    for (const body of this.poison) {
      if (this.context.state.deadLetters.get(poisonIdOf(body))?.isPoison) continue;
      this.context.violations.add(`${body} was sent, and is not known as poison`);
    }
  }

  private send(body: string, groupId: string, queue = this.queues.main): void {
    const deduplicationId = `again ${this.ids.nextNumber()}`;
    queue.send({ body, attributes: {}, groupId, deduplicationId, senderId: 'simulation' });
  }
}
