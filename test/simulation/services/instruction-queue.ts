import type { SQSRecord } from 'aws-lambda';
import type { InstructionSender, VisibilityChanger } from '../../../adapters/sqs/instruction-queue.ts';
import { deduplicationIdOf, instructionMessageBody } from '../../../domain/payment/instruction.ts';
import { systemAttributesOf } from '../../../local/sqs/actions/receive-message.ts';
import type { Received } from '../../../local/sqs/engine/message.ts';
import type { MessageCheck } from '../checks/message-check.ts';
import type { Context } from '../context.ts';
import type { Process } from '../scheduler.ts';
import type { Queues } from './queues.ts';

/** SQS takes no longer invisibility. */
const LONGEST_INVISIBLE_SECONDS = 43_200;

/** The main queue as the functions reach it. */
export class SimulatedInstructionQueue {
  private readonly context: Context;
  private readonly queues: Queues;
  private readonly check: MessageCheck;

  constructor(context: Context, queues: Queues, check: MessageCheck) {
    this.context = context;
    this.queues = queues;
    this.check = check;
  }

  senderFor(process: Process): InstructionSender {
    const { scheduler, faults, planted } = this.context;
    return {
      send: (messages) =>
        faults.around(scheduler, process, `${process.kind}.queue.send`, () => {
          const refused: string[] = [];
          for (const message of messages) {
            const { instructionId, groupId, sendNumber } = message;
            if (faults.strikes('partial')) {
              refused.push(instructionId);
              continue;
            }
            this.queues.main.send({
              body: instructionMessageBody(message),
              attributes: {},
              groupId,
              deduplicationId: planted.deduplicationId(
                deduplicationIdOf(instructionId, sendNumber),
                instructionId,
              ),
              senderId: process.name,
            });
            this.check.noteSent(instructionId, sendNumber);
          }
          return refused;
        }),
    };
  }

  visibilityFor(process: Process): VisibilityChanger {
    const { scheduler, faults } = this.context;
    return {
      change: (changes) =>
        faults.around(scheduler, process, `${process.kind}.visibility.change`, () => {
          for (const { receiptHandle, seconds } of changes) this.hide(receiptHandle, seconds);
        }),
    };
  }

  hide(receiptHandle: string, seconds: number): void {
    try {
      const whole = Math.min(LONGEST_INVISIBLE_SECONDS, Math.ceil(seconds));
      this.queues.main.changeVisibility(receiptHandle, whole);
    } catch {
      // Its visibility ended: another worker may have it.
    }
  }

  /** Deletes what a batch held, but for what failed. */
  acknowledge(batch: readonly Received[], failed: ReadonlySet<string>): void {
    for (const { message, receiptHandle } of batch) {
      if (failed.has(message.id)) continue;
      try {
        this.queues.main.delete(receiptHandle);
      } catch {
        // Its visibility ended: it comes again.
      }
    }
  }
}

/** A message as Lambda's poller hands it over. */
export function recordOf(received: Received): SQSRecord {
  const { message, receiptHandle } = received;
  const attributes = Object.entries(message.attributes).map(([name, { DataType, StringValue = '' }]) => [
    name,
    { dataType: DataType, stringValue: StringValue },
  ]);
  return {
    messageId: message.id,
    receiptHandle,
    body: message.body,
    attributes: {
      ...systemAttributesOf(received),
      ...STATIC_ATTRIBUTES,
      ApproximateReceiveCount: String(message.receiveCount),
      MessageGroupId: message.groupId,
    },
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:main',
    awsRegion: 'us-east-1',
  };
}

const STATIC_ATTRIBUTES = { SentTimestamp: '0', SenderId: 'x', ApproximateFirstReceiveTimestamp: '0' };

/** A short name of the instruction that a body asks for, for the story. */
export function nameOf(body: string): string {
  return /ins_0*([0-9a-f]+)/.exec(body)?.[1] ?? body.slice(0, 20);
}
