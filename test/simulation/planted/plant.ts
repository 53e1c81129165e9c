import type { Database, DatabaseRow, JsonInput } from '../../../adapters/database/database.ts';
import type { Psp } from '../../../adapters/psp/psp.ts';
import type { ExecutorEffects } from '../../../lambdas/execute-instructions/effects.ts';
import type { ScheduleOptions } from '../run-schedule.ts';
import { NOTHING_PLANTED, type Planted } from './planted.ts';

/** One mistake that somebody could make, and how the pipeline behaves with it. */
export interface Bug {
  readonly name: string;
  /** The rule of the protocol that it breaks. */
  readonly rule: number;
  readonly planted: Planted;
  /** The circumstances that it takes, where those of every schedule are rarely it. */
  readonly where?: Pick<
    ScheduleOptions,
    | 'abilities'
    | 'breaksTimes'
    | 'breaksDeduplication'
    | 'faults'
    | 'rate'
    | 'ordersWithParents'
    | 'captures'
    | 'payments'
    | 'letsOrdersWait'
    | 'needsConfirmation'
    | 'limitSeconds'
  >;
}

export type JsonObject = { readonly [key: string]: JsonInput | undefined };

/** Around the executor's effects. */
export function onEffects(effects: (effects: ExecutorEffects) => ExecutorEffects): Planted {
  return { ...NOTHING_PLANTED, effects };
}

/** Before a statement runs, and with what it answered. */
export function onStatement(
  sql: string,
  change: {
    readonly input?: (input: JsonObject) => JsonObject;
    readonly rows?: (rows: readonly DatabaseRow[], input: JsonObject) => readonly DatabaseRow[];
  },
): Planted {
  const wrap = (database: Database): Database => ({
    execute: async (statement, input) => {
      if (statement !== sql || !isObject(input)) return database.execute(statement, input);
      const rows = await database.execute(statement, change.input?.(input) ?? input);
      return change.rows?.(rows, input) ?? rows;
    },
  });
  return { ...NOTHING_PLANTED, database: wrap };
}

export function onPsp(change: (psp: Psp) => Partial<Psp>): Planted {
  return onEffects((effects) => ({
    ...effects,
    psps: new Map([...effects.psps].map(([name, psp]) => [name, { ...psp, ...change(psp) }])),
  }));
}

export const mapRows = (change: (row: DatabaseRow) => DatabaseRow) => (rows: readonly DatabaseRow[]) =>
  rows.map(change);

export function isObject(input: JsonInput): input is JsonObject {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

export function listOf(input: JsonInput, name: string): readonly JsonObject[] {
  const list = isObject(input) ? input[name] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}
