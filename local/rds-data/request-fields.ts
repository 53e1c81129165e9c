import * as z from 'zod';
import { invalidRequest } from './errors.ts';

/** `SqlStatement` of the service's model. Counted in UTF-16 units: if AWS counts characters, this is stricter. */
const SQL_LIMIT = 65_536;

export const sqlSchema = z
  .string()
  .min(1)
  .max(SQL_LIMIT, `Member must have length less than or equal to ${SQL_LIMIT}`);

/** @throws DataApiError when the request names a schema, as Aurora Serverless v1 let it */
export function assertNoSchema(request: { readonly schema?: string | undefined }): void {
  if (request.schema !== undefined) throw invalidRequest("The schema parameter isn't supported.");
}
