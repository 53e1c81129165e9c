import * as z from 'zod';
import type { Need } from '../iam/needs.ts';
import { nameOf } from './actions/action.ts';
import { sourceOfTask } from './engine/message-mover.ts';
import type { SqsEngine } from './engine/sqs-engine.ts';

/** The fields of a request that name its queue; the action itself parses the rest. */
const targetSchema = z.object({
  QueueUrl: z.string().optional(),
  QueueName: z.string().optional(),
  SourceArn: z.string().optional(),
  DestinationArn: z.string().optional(),
  TaskHandle: z.string().optional(),
});

/** IAM has no actions for batches. */
const BATCH = /^(ChangeMessageVisibility|DeleteMessage|SendMessage)Batch$/;

/**
 * The IAM actions that a request needs. One that names no queue needs none: its action refuses it.
 *
 * @param name the action, `SendMessageBatch`
 */
export function needsOf(name: string, input: unknown, engine: SqsEngine): readonly Need[] {
  const target = targetSchema.safeParse(input).data;
  if (target === undefined) return [];
  if (name === 'ListQueues') return [{ action: 'sqs:ListQueues', resource: '*' }];
  if (name === 'StartMessageMoveTask') return moveNeeds(target, engine);
  const resource = queueArn(target, engine);
  const action = `sqs:${BATCH.exec(name)?.[1] ?? name}`;
  return resource === undefined ? [] : [{ action, resource }];
}

type Target = z.infer<typeof targetSchema>;

function queueArn({ QueueUrl, QueueName, SourceArn, TaskHandle }: Target, engine: SqsEngine) {
  if (SourceArn !== undefined) return SourceArn;
  if (TaskHandle !== undefined) return sourceOfTask(TaskHandle);
  const name = QueueUrl === undefined ? QueueName : nameOf(QueueUrl);
  return name === undefined ? undefined : engine.arnOf(name);
}

/** The task receives, deletes and sends with the permissions of the caller that starts it. */
function moveNeeds({ SourceArn, DestinationArn }: Target, engine: SqsEngine): readonly Need[] {
  if (SourceArn === undefined) return [];
  const destinations =
    DestinationArn === undefined ? engine.sourcesOf(SourceArn).map(({ arn }) => arn) : [DestinationArn];
  const ofSource = ['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];
  return [
    ...ofSource.map((action) => ({ action: `sqs:${action}`, resource: SourceArn })),
    ...destinations.map((resource) => ({ action: 'sqs:SendMessage', resource })),
  ];
}
