import type { DeadLetterQueue, ReceivedDeadLetter } from '../../../adapters/sqs/dead-letter-queue.ts';
import type { DeadLetter, DeadLetterSender } from '../../../adapters/sqs/dead-letter-sender.ts';
import type { Message, Received } from '../../../local/sqs/engine/message.ts';
import { checkRest } from '../checks/rest-check.ts';
import type { Context } from '../context.ts';
import type { Process } from '../scheduler.ts';
import { nameOf } from './instruction-queue.ts';
import type { Queues } from './queues.ts';

/** The dead-letter queue as the functions reach it. */
export class SimulatedDeadLetterQueue {
  private readonly context: Context;
  private readonly queues: Queues;

  constructor(context: Context, queues: Queues) {
    this.context = context;
    this.queues = queues;
  }

  senderFor(process: Process): DeadLetterSender {
    const { scheduler, faults } = this.context;
    return {
      send: (deadLetters) =>
        faults.around(scheduler, process, `${process.kind}.deadLetters.send`, () => {
          const refused = new Set<number>();
          for (const [index, deadLetter] of deadLetters.entries()) {
            if (faults.strikes('partial')) refused.add(index);
            else this.send(deadLetter);
          }
          return refused;
        }),
    };
  }

  private send({ body, groupId, deduplicationId, reason, cycle }: DeadLetter): void {
    this.context.scheduler.tell(`dead letter ${nameOf(body)}: ${reason}`);
    const cycleAttribute =
      cycle === null ? {} : { cycle: { DataType: 'Number', StringValue: String(cycle) } };
    this.queues.dead.send({
      body,
      groupId,
      deduplicationId,
      attributes: { reason: { DataType: 'String', StringValue: reason }, ...cycleAttribute },
      senderId: 'execute',
    });
  }

  /** @param checksRest nobody but an operator sends a dead letter back before its rest is over */
  for(process: Process, checksRest: boolean): DeadLetterQueue {
    const { scheduler, faults, planted } = this.context;
    const { dead } = this.queues;
    const received = new Map<string, Message>();
    const around = <T>(name: string, effect: () => T) =>
      faults.around(scheduler, process, `${process.kind}.queue.${name}`, effect);
    return planted.deadLetterQueue({
      count: () =>
        around('count', () => ({ visible: dead.metrics().visible, held: dead.metrics().inFlight })),
      receive: (seconds) =>
        around('receive', () =>
          dead.receive(10, seconds).map((each) => {
            received.set(each.receiptHandle, each.message);
            return receivedDeadLetterOf(each);
          }),
        ),
      moveBack: (deadLetters) =>
        around('moveBack', () => {
          for (const { receiptHandle, messageId } of deadLetters) {
            const message = received.get(receiptHandle);
            if (message === undefined) continue;
            if (checksRest) checkRest(this.context, message);
            this.moveBack(message, receiptHandle, messageId, process);
          }
          return deadLetters;
        }),
      release: (deadLetters) =>
        around('release', () => {
          for (const { receiptHandle } of deadLetters) this.release(receiptHandle);
        }),
    });
  }

  private moveBack(message: Message, receiptHandle: string, messageId: string, process: Process): void {
    this.queues.main.send({ ...message, deduplicationId: messageId, senderId: process.name });
    if (this.context.faults.strikes('partial')) return;
    try {
      this.queues.dead.delete(receiptHandle);
    } catch {
      // Its visibility ended: it is in both queues, which the protocol takes.
    }
  }

  private release(receiptHandle: string): void {
    try {
      this.queues.dead.changeVisibility(receiptHandle, 0);
    } catch {
      // Visible already.
    }
  }
}

function receivedDeadLetterOf({ message, receiptHandle }: Received): ReceivedDeadLetter {
  const { id: messageId, body, groupId } = message;
  const attributes = Object.entries(message.attributes).map(([name, { DataType, StringValue }]) => [
    name,
    { DataType, StringValue },
  ]);
  return { messageId, receiptHandle, body, groupId, attributes: Object.fromEntries(attributes) };
}
