import * as z from 'zod';
import { bindParameters, parameterSchema } from '../bind-parameters.ts';
import { assertNoSchema, sqlSchema } from '../request-fields.ts';
import type { Service } from '../service.ts';

const requestSchema = z.strictObject({
  resourceArn: z.string(),
  secretArn: z.string(),
  sql: sqlSchema,
  database: z.string().optional(),
  schema: z.string().optional(),
  parameterSets: z.array(z.array(parameterSchema)).optional(),
  transactionId: z.string().optional(),
});

const OPTIONS = { continueAfterTimeout: false, includeResultMetadata: false };

/** Runs all sets in one transaction. The answer contains neither rows nor counts. */
export async function batchExecuteStatement(service: Service, body: unknown): Promise<string> {
  const request = requestSchema.parse(body);
  assertNoSchema(request);
  const statements = (request.parameterSets ?? [[]]).map((set) => bindParameters(request.sql, set));
  const id = request.transactionId ?? (await service.transactions.begin(request));
  try {
    for (const statement of statements) await service.transactions.run(id, request, statement, OPTIONS);
  } catch (error) {
    if (request.transactionId === undefined) await service.transactions.end(id, request, 'rollback');
    throw error;
  }
  if (request.transactionId === undefined) await service.transactions.end(id, request, 'commit');
  return JSON.stringify({ updateResults: statements.map(() => ({ generatedFields: [] })) });
}
