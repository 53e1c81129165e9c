import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { findNotTerminal, listOpen, type Violation } from '../../adapters/database/statements/verify.ts';
import { createConsumedMessages } from '../../adapters/dynamodb/consumed-messages.ts';
import { consumedKeyOf } from '../../domain/payment/instruction.ts';
import type { Pipeline } from '../connect.ts';

const INVARIANT = 'only what is terminal is recorded as consumed';
/** The maximum number of open instructions that are checked: ten requests. */
const OPEN_LIMIT = 1_000;
/** The maximum of one request to DynamoDB. */
const KEYS = 100;

/** A page of the table has 1 MB; its keys fit into one statement. */
const EXAMPLES = 10;

/**
 * Checks that no open instruction is recorded as consumed: the cost doesn't grow with the number of consumed messages. Only
 * `checkConsumed` finds messages that name no instruction.
 */
export async function checkOpenUnconsumed({
  dynamodb,
  consumedTable,
  database,
  settings,
}: Pipeline): Promise<readonly Violation[]> {
  const consumed = createConsumedMessages(dynamodb, consumedTable, Date.now);
  const byKey = new Map(
    (await listOpen(database, OPEN_LIMIT)).map((open) => [
      consumedKeyOf(open, settings.restoreEpoch),
      open.instructionId,
    ]),
  );
  const keys = [...byKey.keys()];
  const suspects: string[] = [];
  for (let start = 0; start < keys.length; start += KEYS) {
    const found = await consumed.find(keys.slice(start, start + KEYS));
    suspects.push(...[...found].flatMap((key) => byKey.get(key) ?? []));
  }
  // It was open when it was listed, but may have become terminal and consumed since.
  const wrong = suspects.length === 0 ? [] : await findNotTerminal(database, suspects);
  return violationsOf(wrong);
}

function violationsOf(wrong: readonly string[]): readonly Violation[] {
  if (wrong.length === 0) return [];
  return [{ invariant: INVARIANT, count: wrong.length, examples: wrong.slice(0, EXAMPLES) }];
}

/**
 * Checks that every consumed message of this restore epoch names a terminal instruction; reads the whole table. Records of an
 * earlier epoch may belong to a lost future; they are ignored and expire.
 */
export async function checkConsumed({
  dynamodb,
  consumedTable,
  database,
  settings,
}: Pipeline): Promise<readonly Violation[]> {
  const wrong: string[] = [];
  let from: Awaited<ReturnType<typeof scan>>['next'];
  do {
    const page = await scan(from);
    if (page.instructionIds.length > 0) wrong.push(...(await findNotTerminal(database, page.instructionIds)));
    from = page.next;
  } while (from !== undefined);
  return violationsOf(wrong);

  async function scan(ExclusiveStartKey: { pk: { S: string } } | undefined) {
    const { Items, LastEvaluatedKey } = await dynamodb.send(
      new ScanCommand({
        TableName: consumedTable,
        ProjectionExpression: 'pk',
        ConsistentRead: true,
        ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
      }),
    );
    const last = LastEvaluatedKey?.pk?.S;
    return {
      // restore_epoch#group_id#operation#instruction_id
      instructionIds: (Items ?? []).flatMap((item) => {
        const [epoch, , , instructionId] = item.pk?.S?.split('#') ?? [];
        return epoch === settings.restoreEpoch && instructionId !== undefined ? [instructionId] : [];
      }),
      next: last === undefined ? undefined : { pk: { S: last } },
    };
  }
}
