import type { DatabaseSync } from 'node:sqlite';
import { dueChange } from '../../../simulator/decide-change.ts';
import type {
  Call,
  CallCounts,
  CallWindow,
  CarriedOut,
  Change,
  Charge,
  ChargeFilter,
  Decide,
  Decision,
  EntryPage,
  EntryPeriod,
  KeyCall,
  KnownOfKey,
  ListedCharge,
  LookUp,
  PspRecord,
  RecordView,
} from '../../../simulator/record.ts';
import type { Reply } from '../../../simulator/reply.ts';
import { statusOf } from '../../../simulator/simulated-psp.ts';
import type { TurnTransactions } from '../../turn-transactions.ts';
import { CallLog } from './call-log.ts';
import { ChargeRecord } from './charge-record.ts';
import { InvalidationRecord } from './invalidation-record.ts';

/** More events under one key would need a thousand sends without deduplication; older ones change no decision. */
const CHARGES_PER_KEY = 1_000;
/** More charges are due only after the simulator was stopped for long; the rest end when they are read. */
const DUE_AT_ONCE = 10_000;

/** The record of one simulated PSP in SQLite: one transaction per call, and one process that makes them. */
export class SqliteRecord implements PspRecord, RecordView {
  private readonly transactions: TurnTransactions;
  private readonly charges: ChargeRecord;
  private readonly invalidations: InvalidationRecord;
  private readonly calls: CallLog;
  private window: { readonly startedAt: number; readonly calls: number } | undefined;

  constructor(database: DatabaseSync, transactions: TurnTransactions) {
    this.transactions = transactions;
    this.charges = new ChargeRecord(database);
    this.invalidations = new InvalidationRecord(database);
    this.calls = new CallLog(database);
  }

  async carryOut(call: KeyCall, decide: Decide): Promise<CarriedOut> {
    const carriedOut = this.transactions.run(() => {
      const { charges, changes } = this.advance(call);
      const { reply, changed } = this.keep(call, decide(this.knownOf(call, charges)));
      if (call.kind !== undefined) this.calls.add({ ...call, kind: call.kind, status: statusOf(reply) });
      return { reply, changes: [...changes, ...changed.map((charge) => ({ charge, at: call.at }))] };
    });
    await this.transactions.committed();
    return carriedOut;
  }

  async get(id: string): Promise<Charge | undefined> {
    return this.charges.get(id);
  }

  async findDue(now: number): Promise<readonly Charge[]> {
    return this.charges.oldestFirst({ dueUntil: now }, DUE_AT_ONCE);
  }

  async find({ reference, idempotencyKey, createdUntil }: LookUp, limit: number): Promise<readonly Charge[]> {
    return this.charges.oldestFirst({ reference, idempotencyKey, createdUntil }, limit);
  }

  async listEntries(
    period: EntryPeriod,
    limit: number,
    after: string | undefined,
  ): Promise<EntryPage | undefined> {
    const place = placeOf(after);
    if (place === undefined) return undefined;
    const found = this.charges.completedIn(period, place, limit);
    const last = found.length === limit ? found.at(-1) : undefined;
    return {
      entries: found.map(({ completedAt, ...charge }) => ({ charge, completedAt })),
      next: last === undefined ? undefined : `${last.completedAt}-${last.seq}`,
    };
  }

  async log(call: Call): Promise<void> {
    this.transactions.run(() => this.calls.add(call));
    await this.transactions.committed();
  }

  /** In memory: one process serves the PSP, and a window lasts seconds. */
  async countCall({ startedAt }: CallWindow): Promise<number> {
    const calls = this.window?.startedAt === startedAt ? this.window.calls + 1 : 1;
    this.window = { startedAt, calls };
    return calls;
  }

  /** Commits pending writes; call before its database is closed. */
  close(): void {
    this.transactions.flush();
  }

  async listCharges(
    filter: ChargeFilter,
    limit: number,
    after: string | undefined,
  ): Promise<readonly ListedCharge[] | undefined> {
    if (after !== undefined && !/^\d{1,15}$/.test(after)) return undefined;
    const seqBefore = after === undefined ? undefined : Number(after);
    return this.charges
      .newestFirst({ ...filter, seqBefore }, limit)
      .map((charge) => ({ charge, cursor: String(charge.seq) }));
  }

  async countCharges(filter: ChargeFilter): Promise<number> {
    return this.charges.count(filter);
  }

  async listCalls(reference: string | undefined, limit: number): Promise<readonly Call[]> {
    return this.calls.newestFirst(reference, limit);
  }

  async countCalls(reference: string | undefined): Promise<CallCounts> {
    return this.calls.counts(reference);
  }

  /** Read lazily: most calls need one more answer. */
  private knownOf({ idempotencyKey, reference }: KeyCall, charges: readonly Charge[]): KnownOfKey {
    const { charges: record, invalidations } = this;
    return {
      charges,
      get isInvalidated() {
        return invalidations.isInvalidated(idempotencyKey);
      },
      get errorStoredAt() {
        return invalidations.errorStoredAt(idempotencyKey);
      },
      get faultySends() {
        return record.faultySends(reference);
      },
    };
  }

  /** The charges of the key, after those that are due have ended. */
  private advance({ idempotencyKey, at }: KeyCall): {
    readonly charges: readonly Charge[];
    readonly changes: readonly Change[];
  } {
    const changes: Change[] = [];
    const charges = this.charges.oldestFirst({ idempotencyKey }, CHARGES_PER_KEY).map((charge) => {
      const due = dueChange(charge, at);
      if (due === undefined) return charge;
      this.charges.change(due.charge, due.at);
      changes.push(due);
      return due.charge;
    });
    return { charges, changes };
  }

  private keep(
    { idempotencyKey, reference, at }: KeyCall,
    decision: Decision,
  ): { readonly reply: Reply; readonly changed: readonly Charge[] } {
    if (decision.countsFaultySend) this.charges.countFaultySend(reference);
    if (decision.storesError) this.invalidations.storeError(idempotencyKey, at);
    switch (decision.kind) {
      case 'leaves':
        return { reply: decision.reply, changed: [] };
      case 'invalidates':
        this.invalidations.invalidate(idempotencyKey, at);
        for (const charge of decision.charges) this.charges.change(charge, at);
        return { reply: decision.reply, changed: decision.charges };
      case 'changes':
        this.charges.change(decision.charge, at);
        return { reply: decision.reply, changed: [decision.charge] };
      case 'charges': {
        const charge = this.charges.add(decision.charge);
        return { reply: decision.reply(charge), changed: [charge] };
      }
    }
  }
}

/** @returns undefined for what is no cursor of this record's */
function placeOf(cursor: string | undefined): { completedAt: number; seq: number } | undefined {
  if (cursor === undefined) return { completedAt: 0, seq: 0 };
  const [, completedAt, seq] = /^(\d{1,15})-(\d{1,15})$/.exec(cursor) ?? [];
  return seq === undefined ? undefined : { completedAt: Number(completedAt), seq: Number(seq) };
}
