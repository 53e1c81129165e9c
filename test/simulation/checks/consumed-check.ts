import type * as z from 'zod/mini';
import type { JsonInput } from '../../../adapters/database/database.ts';
import { CLAIM_SQL } from '../../../adapters/database/statements/claim-instructions-sql.ts';
import { claimInput } from '../model/inputs.ts';
import { isTerminalState, type ModelState } from '../model/state.ts';
import type { Process } from '../scheduler.ts';
import type { Violations } from '../violations.ts';

/** Only what is terminal is recorded as consumed, and what was recorded before an invocation began isn't claimed by it. */
export class ConsumedCheck {
  private readonly violations: Violations;
  private readonly state: ModelState;
  private readonly consumedBefore = new Map<Process, ReadonlySet<string>>();

  constructor(violations: Violations, state: ModelState) {
    this.violations = violations;
    this.state = state;
  }

  begin(process: Process, consumed: ReadonlySet<string>): void {
    this.consumedBefore.set(process, new Set([...consumed].map((key) => key.slice(key.indexOf('#') + 1))));
  }

  /** The table could not be read: the claim will tell. */
  excuse(process: Process): void {
    this.consumedBefore.delete(process);
  }

  checkClaim(process: Process, sql: string, input: JsonInput): void {
    const before = this.consumedBefore.get(process);
    if (sql !== CLAIM_SQL || before === undefined) return;
    const claimed = claimInput.parse(input).instructions.find((asked) => before.has(nameOf(asked)));
    if (claimed !== undefined)
      this.violations.add(`${claimed.instruction_id} is claimed, and was consumed before`);
  }

  checkRecord(key: string): void {
    const [, orderId, operation, id = ''] = key.split('#');
    const row = this.state.instructions.get(id);
    if (row === undefined || !isTerminalState(row.state))
      this.violations.add(`${id} is recorded as consumed and is ${row?.state ?? 'missing'}`);
    if (row?.orderId !== orderId || row?.operation !== operation)
      this.violations.add(`${key} is recorded as consumed, and there is no such instruction`);
  }
}

function nameOf(asked: z.infer<typeof claimInput>['instructions'][number]): string {
  return [asked.group_id, asked.operation, asked.instruction_id].join('#');
}
