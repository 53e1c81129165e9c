import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Clock } from '../../clock.ts';
import { invalidParameter, SqsError } from '../errors.ts';
import type { SqsStore } from '../store.ts';
import type { FifoQueue } from './fifo-queue.ts';
import { isActive, type MoveTask } from './move-task.ts';

/** How often a task moves messages. */
const STEP_MS = 100;
/** Without a named rate SQS chooses one; this is its limit. */
const RATE_LIMIT = 500;

export interface MessageMoverOptions {
  readonly clock: Clock;
  readonly store: SqsStore;
  readonly queueOf: (arn: string) => FifoQueue | undefined;
  /** Queues whose redrive policy names this one. */
  readonly sourcesOf: (arn: string) => readonly FifoQueue[];
}

/** Message move tasks: from a dead-letter queue to a named queue, or back to where each message came from. */
export class MessageMover {
  private readonly options: MessageMoverOptions;
  private readonly tasks = new Map<string, MoveTask>();
  private readonly timers = new Map<string, () => void>();

  constructor(options: MessageMoverOptions) {
    this.options = options;
  }

  /** Continues the tasks that were running when the runtime stopped. */
  resume(queue: FifoQueue): void {
    for (const task of this.options.store.loadMoveTasks(queue.name)) {
      this.tasks.set(task.handle, task);
      if (isActive(task)) this.schedule(task);
    }
  }

  start(sourceArn: string, destinationArn?: string, ratePerSecond?: number): MoveTask {
    const source = this.find(sourceArn, 'SourceArn');
    if (this.options.sourcesOf(sourceArn).length === 0) {
      throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
    }
    if (destinationArn !== undefined) this.find(destinationArn, 'DestinationArn');
    if (this.list(sourceArn).some(isActive)) {
      throw invalidParameter(
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
      );
    }
    const task: MoveTask = {
      handle: Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn })).toString('base64'),
      sourceArn,
      destinationArn,
      ratePerSecond,
      startedAt: this.options.clock.now(),
      toMove: source.metrics().visible,
      status: 'RUNNING',
      moved: 0,
      failureReason: undefined,
    };
    this.tasks.set(task.handle, task);
    this.save(task);
    this.schedule(task);
    return task;
  }

  /** @throws SqsError for an invalid handle, or one of no queue or task */
  cancel(handle: string): MoveTask {
    const sourceArn = sourceOfTask(handle);
    if (sourceArn === undefined) throw invalidParameter('Value for parameter TaskHandle is invalid.');
    this.find(sourceArn, 'SourceArn');
    const task = this.tasks.get(handle);
    if (task === undefined) throw new SqsError('ResourceNotFoundException', 'Task does not exist.');
    if (task.status !== 'RUNNING') {
      throw new SqsError('UnsupportedOperation', `Task is not running: it is ${task.status}.`);
    }
    task.status = 'CANCELLING';
    this.save(task);
    return task;
  }

  /** Newest first. */
  list(sourceArn: string): readonly MoveTask[] {
    this.find(sourceArn, 'SourceArn');
    return [...this.tasks.values()].filter((task) => task.sourceArn === sourceArn).reverse();
  }

  close(): void {
    for (const cancel of this.timers.values()) cancel();
  }

  private find(arn: string, parameter: string): FifoQueue {
    const queue = this.options.queueOf(arn);
    if (queue === undefined)
      throw new SqsError(
        'ResourceNotFoundException',
        `The resource that you specified for the ${parameter} parameter doesn't exist.`,
      );
    return queue;
  }

  private schedule(task: MoveTask): void {
    const step = () => this.options.store.transaction(() => this.step(task));
    this.timers.set(task.handle, this.options.clock.after(STEP_MS, step));
  }

  private step(task: MoveTask): void {
    this.timers.delete(task.handle);
    if (task.status === 'CANCELLING') task.status = 'CANCELLED';
    else this.moveShare(task);
    this.save(task);
    if (isActive(task)) this.schedule(task);
  }

  private moveShare(task: MoveTask): void {
    const elapsed = this.options.clock.now() - task.startedAt;
    const share = Math.floor((elapsed * (task.ratePerSecond ?? RATE_LIMIT)) / 1000) - task.moved;
    for (let moved = 0; moved < share && task.status === 'RUNNING'; moved += 1) this.moveNext(task);
  }

  private moveNext(task: MoveTask): void {
    const source = this.options.queueOf(task.sourceArn);
    const message = source?.peek();
    if (source === undefined || message === undefined) {
      task.status = 'COMPLETED';
      return;
    }
    const destinationArn = task.destinationArn ?? message.deadLetterSourceArn;
    // A message that was sent to the dead-letter queue has no source. What can't be moved stays as it is.
    const destination = this.options.queueOf(destinationArn ?? '');
    if (destination === undefined) {
      task.status = 'FAILED';
      task.failureReason =
        destinationArn === undefined
          ? 'CouldNotDetermineMessageSource'
          : 'AWS.SimpleQueueService.NonExistentQueue';
      return;
    }
    source.take();
    destination.acceptMoved(message);
    task.moved += 1;
  }

  private save(task: MoveTask): void {
    const name = this.options.queueOf(task.sourceArn)?.name;
    if (name !== undefined) this.options.store.saveMoveTask(name, task);
  }
}

const handleSchema = z.object({ taskId: z.string(), sourceArn: z.string() });

/** The ARN of the task's source, which the handle contains; undefined for an invalid handle. */
export function sourceOfTask(handle: string): string | undefined {
  try {
    return handleSchema.parse(JSON.parse(Buffer.from(handle, 'base64').toString('utf8'))).sourceArn;
  } catch {
    return undefined;
  }
}
