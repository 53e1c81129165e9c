import { DatabaseError, type JsonInput } from '../../../adapters/database/database.ts';
import { RECORD_SQL } from '../../../adapters/database/statements/record-attempts-sql.ts';
import type { Faults } from '../faults.ts';
import { recordInput } from '../model/inputs.ts';

/** Successes that a constraint of the database refuses, each for good: a replay fails as the first did. */
export class RefusedRows {
  private readonly faults: Faults;
  private readonly decided = new Map<string, boolean>();

  constructor(faults: Faults) {
    this.faults = faults;
  }

  /** @throws DatabaseError for a record that holds such a row, before anything is written */
  check(sql: string, input: JsonInput): void {
    if (sql !== RECORD_SQL) return;
    for (const { instruction_id: id, state } of recordInput.parse(input).attempts) {
      if (state !== 'succeeded') continue;
      if (!this.decided.has(id)) this.decided.set(id, this.faults.strikes('row refused', 0.3));
      if (this.decided.get(id)) throw new DatabaseError('simulated', '23514', 'simulated');
    }
  }
}
