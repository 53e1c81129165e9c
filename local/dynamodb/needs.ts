import * as z from 'zod';
import type { Need } from '../iam/needs.ts';

/** The fields of a request that name its tables. */
const targetSchema = z.object({
  TableName: z.string().optional(),
  IndexName: z.string().optional(),
  RequestItems: z.record(z.string(), z.unknown()).optional(),
});

/**
 * The permissions that a request needs. A request that names no table needs none: DynamoDB refuses it.
 *
 * @param action `BatchGetItem`
 * @param arnOf the ARN of the table of this name
 */
export function needsOf(action: string, body: string, arnOf: (table: string) => string): readonly Need[] {
  if (action === 'ListTables') return [{ action: 'dynamodb:ListTables', resource: '*' }];
  const target = targetSchema.safeParse(parse(body)).data;
  const { TableName, IndexName, RequestItems = {} } = target ?? {};
  // An index is a resource of its own.
  const index = IndexName === undefined ? '' : `/index/${IndexName}`;
  const tables = TableName === undefined ? Object.keys(RequestItems) : [TableName];
  return tables.map((table) => ({
    action: `dynamodb:${action}`,
    // A table may be named by its ARN as well.
    resource: (table.startsWith('arn:') ? table : arnOf(table)) + index,
  }));
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
