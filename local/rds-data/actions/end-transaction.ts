import * as z from 'zod';
import type { Service } from '../service.ts';

const requestSchema = z.strictObject({
  resourceArn: z.string(),
  secretArn: z.string(),
  transactionId: z.string(),
});

export async function commitTransaction(service: Service, body: unknown): Promise<string> {
  const request = requestSchema.parse(body);
  const transactionStatus = await service.transactions.end(request.transactionId, request, 'commit');
  return JSON.stringify({ transactionStatus });
}

export async function rollbackTransaction(service: Service, body: unknown): Promise<string> {
  const request = requestSchema.parse(body);
  const transactionStatus = await service.transactions.end(request.transactionId, request, 'rollback');
  return JSON.stringify({ transactionStatus });
}
