import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { findNotTerminal, type Violation } from '../../adapters/database/statements/verify.ts';
import type { Pipeline } from '../connect.ts';

/** A page of the table holds 1 MB; its keys fit into one statement. */
const EXAMPLES = 10;

/**
 * Every consumed message of this restore epoch names an instruction that the database calls terminal. What an earlier
 * epoch recorded may be of a future that was lost; nobody believes it, and it expires.
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
  if (wrong.length === 0) return [];
  const invariant = 'only what is terminal is recorded as consumed';
  return [{ invariant, count: wrong.length, examples: wrong.slice(0, EXAMPLES) }];

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
      // restore_epoch#payment_order_id#operation#instruction_id
      instructionIds: (Items ?? []).flatMap((item) => {
        const [epoch, , , instructionId] = item.pk?.S?.split('#') ?? [];
        return epoch === settings.restoreEpoch && instructionId !== undefined ? [instructionId] : [];
      }),
      next: last === undefined ? undefined : { pk: { S: last } },
    };
  }
}
