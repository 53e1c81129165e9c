import * as z from 'zod';
import { badRequest } from '../errors.ts';
import type { Service } from '../service.ts';

const requestSchema = z.strictObject({
  resourceArn: z.string(),
  secretArn: z.string(),
  database: z.string().optional(),
  schema: z.string().optional(),
});

export async function beginTransaction(service: Service, body: unknown): Promise<object> {
  const request = requestSchema.parse(body);
  if (request.schema !== undefined) throw badRequest("The schema parameter isn't supported.");
  return { transactionId: await service.transactions.begin(request) };
}
