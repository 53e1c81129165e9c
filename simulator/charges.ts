import { leaves } from './decide.ts';
import { dueChange } from './decide-change.ts';
import type { Change, Charge, Decide, KeyCall, LookUp, PspRecord } from './record.ts';
import { type Reply, silence } from './reply.ts';
import type { Switches } from './switches.ts';

/** The time of a call's execution, and the switches at that time. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly switches: Switches;
}

/** Called after changes are recorded; the call that made them is answered when the promise resolves. */
export type OnChanges = (changes: readonly Change[], moment: Moment) => Promise<void>;

/** The charges of one simulated PSP. A charge that is due ends before anybody reads it. */
export class Charges {
  private readonly record: PspRecord;
  private readonly onChanges: OnChanges;

  constructor(record: PspRecord, onChanges: OnChanges) {
    this.record = record;
    this.onChanges = onChanges;
  }

  async carryOut(call: KeyCall, decide: Decide, moment: Moment): Promise<Reply> {
    const { reply, changes } = await this.record.carryOut(call, decide);
    if (changes.length > 0) await this.onChanges(changes, moment);
    return reply;
  }

  /** The matching charges, oldest first. */
  async find(lookUp: LookUp, limit: number, moment: Moment): Promise<readonly Charge[]> {
    const found = await this.record.find(lookUp, limit);
    return (await this.advance(found, moment)) ? this.record.find(lookUp, limit) : found;
  }

  async get(id: string, moment: Moment): Promise<Charge | undefined> {
    const charge = await this.record.get(id);
    if (charge === undefined) return undefined;
    return (await this.advance([charge], moment)) ? this.record.get(id) : charge;
  }

  /** Ends every charge that is due. */
  async advanceDue(moment: Moment): Promise<void> {
    await this.advance(await this.record.findDue(moment.now), moment);
  }

  /** An expiry is recorded before it is reported: another host's clock may be late, and accept an approval. */
  private async advance(charges: readonly Charge[], moment: Moment): Promise<boolean> {
    const due = charges.filter((charge) => dueChange(charge, moment.now) !== undefined);
    for (const { reference, idempotencyKey } of due) {
      const call = { kind: undefined, reference, idempotencyKey, at: moment.now };
      await this.carryOut(call, () => leaves(silence()), moment);
    }
    return due.length > 0;
  }
}
