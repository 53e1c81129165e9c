import * as z from 'zod';
import { assertNoSchema } from '../request-fields.ts';
import type { Service } from '../service.ts';

const requestSchema = z.strictObject({
  resourceArn: z.string(),
  secretArn: z.string(),
  database: z.string().optional(),
  schema: z.string().optional(),
});

export async function beginTransaction(service: Service, body: unknown): Promise<string> {
  const request = requestSchema.parse(body);
  assertNoSchema(request);
  return JSON.stringify({ transactionId: await service.transactions.begin(request) });
}
