import * as z from 'zod';
import { bindParameters, parameterSchema } from '../bind-parameters.ts';
import { columnMetadata } from '../column-metadata.ts';
import type { RawResult } from '../connections.ts';
import { badRequest, unsupportedResult } from '../errors.ts';
import { assertNoSchema, sqlSchema } from '../request-fields.ts';
import { assertReturned, fieldOf, formattedOf } from '../result-fields.ts';
import type { Service } from '../service.ts';
import { runAlone } from '../service.ts';

const requestSchema = z.strictObject({
  resourceArn: z.string(),
  secretArn: z.string(),
  sql: sqlSchema,
  database: z.string().optional(),
  schema: z.string().optional(),
  parameters: z.array(parameterSchema).optional(),
  transactionId: z.string().optional(),
  includeResultMetadata: z.boolean().optional(),
  continueAfterTimeout: z.boolean().optional(),
  formatRecordsAs: z.enum(['NONE', 'JSON']).optional(),
  resultSetOptions: z
    .strictObject({
      decimalReturnType: z.enum(['STRING', 'DOUBLE_OR_LONG']).optional(),
      longReturnType: z.enum(['STRING', 'LONG']).optional(),
    })
    .optional(),
});

type Request = z.infer<typeof requestSchema>;

const ROW_LIMIT_BYTES = 64 * 1024;
const ANSWER_LIMIT_BYTES = 1024 * 1024;

export async function executeStatement(service: Service, body: unknown): Promise<string> {
  const request = requestSchema.parse(body);
  assertNoSchema(request);
  if (request.resultSetOptions !== undefined) {
    throw badRequest('resultSetOptions is not implemented locally; cast in the statement.');
  }
  const statement = bindParameters(request.sql, request.parameters ?? []);
  const options = {
    continueAfterTimeout: request.continueAfterTimeout ?? false,
    includeResultMetadata: request.includeResultMetadata ?? false,
  };
  const { transactionId } = request;
  if (transactionId === undefined)
    return answerOf(await runAlone(service, request, statement, options), request);
  const result = await service.transactions.run(transactionId, request, statement, options);
  try {
    return answerOf(result, request);
  } catch (error) {
    // "The API was changed to terminate and delete the transaction" when an answer is too large, by aurora-data-api. That is
    // reported of size only; the stricter is supported here, for every answer that is refused.
    await service.transactions.drop(transactionId);
    throw error;
  }
}

/**
 * @returns JSON text
 * @throws DataApiError when a value, a row or the answer is one that the Data API doesn't return
 */
function answerOf(result: RawResult, request: Request): string {
  const answer = JSON.stringify(
    result.columns.length === 0
      ? { numberOfRecordsUpdated: result.rowCount, generatedFields: [] }
      : { numberOfRecordsUpdated: 0, ...recordsOf(result, request) },
  );
  // AWS may measure the database's result, which is shorter than this text, and its page on JSON says 10 MB.
  if (Buffer.byteLength(answer) > ANSWER_LIMIT_BYTES) {
    throw unsupportedResult('The result exceeds the size limit 1 MB.');
  }
  return answer;
}

function recordsOf(result: RawResult, request: Request): object {
  if (result.rows.length > 0) assertReturned(result.columns.map((column) => column.type));
  for (const row of result.rows) assertRowFits(row);
  if (request.formatRecordsAs === 'JSON') return { formattedRecords: formattedRecords(result) };
  const records = result.rows.map((row) =>
    result.columns.map(({ type }, index) => fieldOf(row[index] ?? null, type)),
  );
  return request.includeResultMetadata
    ? { records, columnMetadata: result.columns.map(columnMetadata) }
    : { records };
}

/** AWS's pages say 64 KB; data-api-client's suite reads rows of 100 KB and 500 KB. The stricter limit applies here. */
function assertRowFits(row: RawResult['rows'][number]): void {
  const bytes = row.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
  if (bytes > ROW_LIMIT_BYTES) {
    throw badRequest(`Packet for query is too large: a row of ${bytes} bytes, and 64 KB is the limit.`);
  }
}

function formattedRecords(result: RawResult): string {
  const names = new Set(result.columns.map((column) => column.name));
  if (names.size < result.columns.length) {
    throw badRequest('Two columns of the result have the same name; as JSON each needs its own.');
  }
  return JSON.stringify(
    result.rows.map((row) =>
      Object.fromEntries(
        result.columns.map(({ name, type }, index) => [name, formattedOf(row[index] ?? null, type)]),
      ),
    ),
  );
}
