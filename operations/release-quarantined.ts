import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Database } from '../adapters/database/database.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { readPoison, releaseInstruction, releasePoison } from '../adapters/database/statements/quarantine.ts';
import type { Activity } from '../adapters/dynamodb/activity.ts';
import { systemIds } from '../adapters/ids.ts';
import { OperationError } from './operation-error.ts';

export interface ReleaseEffects {
  readonly database: Database;
  readonly activity: Pick<Activity, 'touch'>;
  readonly sqs: SQSClient;
  readonly queueUrl: string;
}

/**
 * Releases an instruction or a poison message (`sha256:…`) from quarantine. The instruction is looked up at its PSP first if it
 * may have been sent; the poison message is sent again unchanged.
 *
 * @throws OperationError where it is not in quarantine
 */
export async function releaseQuarantined(
  effects: ReleaseEffects,
  id: string,
  operator: Operator,
): Promise<void> {
  if (id.startsWith('sha256:')) return resendPoison(effects, id, operator);
  const isReleased = await releaseInstruction(effects.database, id, operator);
  // The relay sends its message; where the database sleeps, it looks only after activity. Done every time, so that a repeat mends
  // a touch that failed.
  await effects.activity.touch();
  if (!isReleased) throw notInQuarantine(id);
}

async function resendPoison(effects: ReleaseEffects, id: string, operator: Operator): Promise<void> {
  const body = await readPoison(effects.database, id);
  if (body === undefined) throw notInQuarantine(id);
  await effects.sqs.send(
    new SendMessageCommand({
      QueueUrl: effects.queueUrl,
      MessageBody: body.toString(),
      MessageGroupId: 'released',
      MessageDeduplicationId: systemIds.next('clm'),
    }),
  );
  await releasePoison(effects.database, id, operator);
}

export function notInQuarantine(id: string): OperationError {
  return new OperationError('conflict', `${id} is not in quarantine. See oncepay quarantine list.`);
}
