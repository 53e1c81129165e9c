import type { Database, DatabaseRow, JsonInput } from '../../../adapters/database/database.ts';
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
import { ADD_PARENTS_SQL } from '../../support/payments.ts';
import { accept } from './accept.ts';
import { claim } from './claim.ts';
import { markRedriven, plan, registerMoved, registerPoison } from './dead-letters.ts';
import { matchEvents, receive, returnBuyer } from './events.ts';
import {
  acceptInput,
  claimInput,
  markInput,
  matchInput,
  parentsInput,
  planInput,
  poisonInput,
  receiveInput,
  recordInput,
  registerInput,
  relayInput,
  returnInput,
} from './inputs.ts';
import { addParents } from './parents.ts';
import { record } from './record.ts';
import { relay } from './relay.ts';
import { ModelState } from './state.ts';

type Statement = (state: ModelState, input: JsonInput, now: number) => DatabaseRow[];

const STATEMENTS: ReadonlyMap<string, Statement> = new Map([
  [ACCEPT.sql, (state, input, now) => accept(state, acceptInput.parse(input), now)],
  [ADD_PARENTS_SQL, (state, input, now) => addParents(state, parentsInput.parse(input), now)],
  [CLAIM_SQL, (state, input, now) => claim(state, claimInput.parse(input), now)],
  [RECORD_SQL, (state, input, now) => record(state, recordInput.parse(input), now)],
  [RELAY_SQL, (state, input, now) => relay(state, relayInput.parse(input), now)],
  [RECEIVE_SQL, (state, input, now) => receive(state, receiveInput.parse(input), now)],
  [MATCH_SQL, (state, input, now) => matchEvents(state, matchInput.parse(input), now)],
  [RETURN_SQL, (state, input, now) => returnBuyer(state, returnInput.parse(input), now)],
  [POISON_SQL, (state, input, now) => registerPoison(state, poisonInput.parse(input), now)],
  [PLAN_SQL, (state, input, now) => plan(state, planInput.parse(input), now)],
  [REGISTER_SQL, (state, input, now) => registerMoved(state, registerInput.parse(input), now)],
  [MARK_SQL, (state, input, now) => markRedriven(state, markInput.parse(input), now)],
]);

/**
 * The database as the protocol's statements see it, in memory: a hundred times as fast as PostgreSQL, and checked
 * against it statement by statement (see checked-database.ts). A statement that it doesn't know is an error.
 */
export class ModelDatabase implements Database {
  readonly state = new ModelState();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  async execute(sql: string, input: JsonInput): Promise<readonly DatabaseRow[]> {
    const statement = STATEMENTS.get(sql);
    if (statement === undefined)
      throw new Error(`the model does not know the statement ${sql.slice(0, 200)}`);
    return statement(this.state, input, this.now());
  }
}
