import type { Database } from '../../adapters/database/database.ts';
import type { Ids } from '../../adapters/ids.ts';
import type { Faults } from './faults.ts';
import type { ModelState } from './model/state.ts';
import type { Planted } from './planted/planted.ts';
import type { Processes } from './processes.ts';
import type { Scheduler } from './scheduler.ts';
import type { Violations } from './violations.ts';

/** What all parts of a simulation share. */
export interface Context {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly processes: Processes;
  readonly violations: Violations;
  /** What answers the statements: the model, alone or beside PostgreSQL. */
  readonly database: Database;
  /** What the model holds. */
  readonly state: ModelState;
  readonly ids: Ids;
  readonly planted: Planted;
}
