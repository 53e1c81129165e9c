import * as z from 'zod';
import type { Service } from '../service.ts';

const requestSchema = z.strictObject({
  resourceArn: z.string(),
  secretArn: z.string(),
  transactionId: z.string(),
});

export async function commitTransaction(service: Service, body: unknown): Promise<object> {
  const request = requestSchema.parse(body);
  return { transactionStatus: await service.transactions.end(request.transactionId, request, 'commit') };
}

export async function rollbackTransaction(service: Service, body: unknown): Promise<object> {
  const request = requestSchema.parse(body);
  return { transactionStatus: await service.transactions.end(request.transactionId, request, 'rollback') };
}
