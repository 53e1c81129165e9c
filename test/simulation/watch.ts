import type * as z from 'zod/mini';
import type { JsonInput } from '../../adapters/database/database.ts';
import { CLAIM_SQL } from '../../adapters/database/statements/claim-instructions-sql.ts';
import { claimInput } from './model/inputs.ts';
import type { ModelInstruction, ModelState } from './model/state.ts';
import type { Process } from './scheduler.ts';

/** Who may claim: nobody claims what was recorded as consumed before its invocation began. */
export class ConsumedWatch {
  private readonly consumedBefore = new Map<Process, ReadonlySet<string>>();

  begin(process: Process, consumed: ReadonlySet<string>): void {
    this.consumedBefore.set(process, new Set([...consumed].map((key) => key.slice(key.indexOf('#') + 1))));
  }

  /** The table could not be read: the claim will tell. */
  excuse(process: Process): void {
    this.consumedBefore.delete(process);
  }

  /** @returns the instruction that is claimed although its record was there */
  violation(process: Process, sql: string, input: JsonInput): string | undefined {
    const before = this.consumedBefore.get(process);
    if (sql !== CLAIM_SQL || before === undefined) return undefined;
    return claimInput.parse(input).instructions.find((asked) => before.has(nameOf(asked)))?.instruction_id;
  }
}

function nameOf(asked: z.infer<typeof claimInput>['instructions'][number]): string {
  return [asked.payment_order_id, asked.operation, asked.instruction_id].join('#');
}

/** Whether it is quarantined under the nose of a worker that holds it: no evidence yet, and a lease that isn't over. */
export function isTakenFromItsHolder(row: ModelInstruction, state: ModelState, now: number): boolean {
  const isWitnessed = state.evidence.has([row.id, row.attemptNo, row.claimToken, 0].join(' '));
  return row.state === 'quarantined' && row.notBefore > now && !isWitnessed;
}
