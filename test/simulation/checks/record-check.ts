import type { JsonInput } from '../../../adapters/database/database.ts';
import { RECORD_SQL } from '../../../adapters/database/statements/record-attempts-sql.ts';
import { recordInput } from '../model/inputs.ts';
import type { Violations } from '../violations.ts';

/**
 * A record holds at most one attempt of an order: of two, PostgreSQL would join both to the order's row and apply either. A
 * batch executes an order's instructions in rounds, each with its own record.
 */
export function checkRecord(sql: string, input: JsonInput, violations: Violations): void {
  if (sql !== RECORD_SQL) return;
  const orders = recordInput.parse(input).attempts.map((attempt) => attempt.payment_order_id);
  for (const [index, id] of orders.entries())
    if (orders.indexOf(id) < index) violations.add(`${id} is twice in one record`);
}
