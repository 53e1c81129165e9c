import * as z from 'zod';
import { bindParameters, parameterSchema } from '../bind-parameters.ts';
import type { RawResult } from '../connections.ts';
import { badRequest } from '../errors.ts';
import { columnMetadata, fieldOf, formattedOf } from '../result-fields.ts';
import type { Service } from '../service.ts';
import { runAlone } from '../service.ts';

const requestSchema = z.strictObject({
  resourceArn: z.string(),
  secretArn: z.string(),
  sql: z.string().min(1),
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

export async function executeStatement(service: Service, body: unknown): Promise<object> {
  const request = requestSchema.parse(body);
  if (request.schema !== undefined) throw badRequest("The schema parameter isn't supported.");
  if (request.resultSetOptions !== undefined) {
    throw badRequest('resultSetOptions is not implemented locally; cast in the statement.');
  }
  const statement = bindParameters(request.sql, request.parameters ?? []);
  const mayContinue = request.continueAfterTimeout ?? false;
  const result =
    request.transactionId === undefined
      ? await runAlone(service, request, statement, mayContinue)
      : await service.transactions.run(request.transactionId, request, statement, mayContinue);
  return answerOf(result, request);
}

function answerOf(result: RawResult, request: Request): object {
  if (result.columns.length === 0) return { numberOfRecordsUpdated: result.rowCount, generatedFields: [] };
  for (const row of result.rows) {
    const bytes = row.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
    if (bytes > ROW_LIMIT_BYTES) throw badRequest('Database returned a row that exceeds the limit of 64 KB');
  }
  if (request.formatRecordsAs === 'JSON') {
    return {
      numberOfRecordsUpdated: 0,
      formattedRecords: JSON.stringify(result.rows.map((row) => objectOf(result, row))),
    };
  }
  const records = result.rows.map((row) =>
    row.map((text, index) => fieldOf(text, result.columns[index]?.typeId ?? 0)),
  );
  const metadata = request.includeResultMetadata
    ? { columnMetadata: result.columns.map(columnMetadata) }
    : {};
  return { numberOfRecordsUpdated: 0, records, ...metadata };
}

function objectOf(result: RawResult, row: RawResult['rows'][number]): object {
  return Object.fromEntries(
    result.columns.map((column, index) => [column.name, formattedOf(row[index] ?? null, column.typeId)]),
  );
}
