import type { ConsumedMessages } from '../../../adapters/dynamodb/consumed-messages.ts';
import type { ConsumedCheck } from '../checks/consumed-check.ts';
import type { Context } from '../context.ts';
import type { Process } from '../scheduler.ts';

/** The table of consumed messages, which may be throttled, and may take a part of what it is given. */
export class ConsumedTable {
  readonly keys = new Set<string>();
  private readonly context: Context;
  private readonly check: ConsumedCheck;

  constructor(context: Context, check: ConsumedCheck) {
    this.context = context;
    this.check = check;
  }

  for(process: Process): ConsumedMessages {
    const { scheduler, faults } = this.context;
    const around = <T>(name: string, effect: () => T) =>
      faults.around(scheduler, process, `${process.kind}.consumed.${name}`, effect);
    return {
      find: (keys) =>
        around('find', () => new Set(keys.filter((key) => this.keys.has(key)))).catch((error) => {
          this.check.excuse(process);
          throw error;
        }),
      record: (keys) => around('record', () => this.record(keys)),
    };
  }

  /** @returns the keys that were not written */
  private record(keys: readonly string[]): ReadonlySet<string> {
    const unprocessed = new Set(keys.filter(() => this.context.faults.strikes('partial')));
    for (const key of keys) {
      if (unprocessed.has(key)) continue;
      this.keys.add(key);
      this.check.checkRecord(key);
    }
    return unprocessed;
  }
}
