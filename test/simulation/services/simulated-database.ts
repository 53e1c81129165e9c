import type { Database } from '../../../adapters/database/database.ts';
import { withReplay } from '../../../adapters/database/replay.ts';
import { ACCEPT } from '../../../adapters/database/statements/accept-payment.ts';
import { CLAIM_SQL } from '../../../adapters/database/statements/claim-instructions-sql.ts';
import { MATCH_SQL } from '../../../adapters/database/statements/match-events.ts';
import { RECEIVE_SQL } from '../../../adapters/database/statements/receive-event.ts';
import { RECORD_SQL } from '../../../adapters/database/statements/record-attempts-sql.ts';
import {
  MARK_SQL,
  PLAN_SQL,
  REGISTER_SQL,
} from '../../../adapters/database/statements/redrive-dead-letters.ts';
import { POISON_SQL } from '../../../adapters/database/statements/register-poison.ts';
import { RELAY_SQL } from '../../../adapters/database/statements/relay-instructions.ts';
import { RETURN_SQL } from '../../../adapters/database/statements/return-buyer.ts';
import type { ConsumedCheck } from '../checks/consumed-check.ts';
import { checkRecord } from '../checks/record-check.ts';
import type { Context } from '../context.ts';
import type { Process } from '../scheduler.ts';
import { RefusedRows } from './refused-rows.ts';

/** The database as the functions reach it: every statement is a step that a fault may strike. */
export class SimulatedDatabase {
  private readonly context: Context;
  private readonly consumedCheck: ConsumedCheck;
  private readonly refusedRows: RefusedRows;

  constructor(context: Context, consumedCheck: ConsumedCheck) {
    this.context = context;
    this.consumedCheck = consumedCheck;
    this.refusedRows = new RefusedRows(context.faults);
  }

  for(process: Process): Database {
    const { scheduler, faults, database, planted } = this.context;
    const faulty: Database = {
      execute: (sql, input) => {
        this.consumedCheck.checkClaim(process, sql, input);
        checkRecord(sql, input, this.context.violations);
        return faults.around(scheduler, process, `${process.kind}.database.${statementName(sql)}`, () => {
          this.refusedRows.check(sql, input);
          return database.execute(sql, input);
        });
      },
    };
    return withReplay(planted.database(faulty, process));
  }
}

/** Each statement by the name of what it does; crash points are named for it. */
const STATEMENT_NAMES: ReadonlyMap<string, string> = new Map([
  [ACCEPT.sql, 'accept'],
  [CLAIM_SQL, 'claim'],
  [RECORD_SQL, 'record'],
  [RELAY_SQL, 'relay'],
  [RECEIVE_SQL, 'receive'],
  [MATCH_SQL, 'match'],
  [RETURN_SQL, 'return'],
  [POISON_SQL, 'poison'],
  [PLAN_SQL, 'plan'],
  [REGISTER_SQL, 'register'],
  [MARK_SQL, 'mark'],
]);

function statementName(sql: string): string {
  const name = STATEMENT_NAMES.get(sql);
  if (name === undefined) throw new Error(`a statement without a name: ${sql.slice(0, 100)}`);
  return name;
}
