import * as z from 'zod';
import { isActive, type MoveTask } from '../engine/move-task.ts';
import { type ActionContext, parseInput } from './action.ts';

const startSchema = z.strictObject({
  SourceArn: z.string(),
  DestinationArn: z.string().optional(),
  MaxNumberOfMessagesPerSecond: z.int().min(1).max(500).optional(),
});
const listSchema = z.strictObject({ SourceArn: z.string(), MaxResults: z.int().min(1).max(10).optional() });
const cancelSchema = z.strictObject({ TaskHandle: z.string() });

export function startMessageMoveTask(context: ActionContext, input: unknown): object {
  const request = parseInput(startSchema, input);
  const { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond } = request;
  return {
    TaskHandle: context.engine.mover.start(SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond).handle,
  };
}

export function listMessageMoveTasks(context: ActionContext, input: unknown): object {
  const { SourceArn, MaxResults = 1 } = parseInput(listSchema, input);
  return { Results: context.engine.mover.list(SourceArn).slice(0, MaxResults).map(resultOf) };
}

export function cancelMessageMoveTask(context: ActionContext, input: unknown): object {
  const task = context.engine.mover.cancel(parseInput(cancelSchema, input).TaskHandle);
  return { ApproximateNumberOfMessagesMoved: task.moved };
}

/** Only an active task has a handle. */
function resultOf(task: MoveTask): object {
  return {
    ...(isActive(task) ? { TaskHandle: task.handle } : {}),
    Status: task.status,
    SourceArn: task.sourceArn,
    ...(task.destinationArn === undefined ? {} : { DestinationArn: task.destinationArn }),
    ...(task.ratePerSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: task.ratePerSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failureReason === undefined ? {} : { FailureReason: task.failureReason }),
    StartedTimestamp: task.startedAt,
  };
}
