import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import { isOpen } from '../../../simulator/charge-status.ts';
import { dueChange } from '../../../simulator/decide-change.ts';
import type {
  Call,
  CallWindow,
  CarriedOut,
  Change,
  Charge,
  Decide,
  Decision,
  EntryPage,
  EntryPeriod,
  KeyCall,
  LookUp,
  PspRecord,
} from '../../../simulator/record.ts';
import type { Reply } from '../../../simulator/reply.ts';
import { statusOf } from '../../../simulator/simulated-psp.ts';
import { Calls } from './calls.ts';
import { Entries } from './entries.ts';
import { type KeyEvent, KeyHistory } from './key-history.ts';
import { listOpenCharges } from './open-charges.ts';
import { References } from './references.ts';
import type { SimulatorTable } from './simulator-table.ts';

export interface DynamoDbRecordOptions {
  readonly table: SimulatorTable;
  readonly psp: SimulatedPspName;
  /** An id for each call; later ones sort after earlier ones. */
  readonly nextCallId: () => string;
  /** Resolves after a random delay that grows with each attempt, so that concurrent calls for one key diverge. */
  readonly pause: (attempt: number) => Promise<void>;
}

/** Environments' clocks differ by less. */
const WINDOW_KEPT_SECONDS = 60;

/** Each failed attempt means that another call succeeded, so a hundred concurrent calls for one key all succeed. */
const MAX_ATTEMPTS = 100;

/** Thrown when other calls about the same key always came first. Nothing was changed. */
export class BusyKeyError extends Error {
  override readonly name = 'BusyKeyError';
}

/** The record of one simulated PSP in DynamoDB, shared by all environments that serve it. */
export class DynamoDbRecord implements PspRecord {
  private readonly options: DynamoDbRecordOptions;
  private readonly history: KeyHistory;
  private readonly references: References;
  private readonly calls: Calls;
  private readonly entries: Entries;

  constructor(options: DynamoDbRecordOptions) {
    const { table, psp } = options;
    this.options = options;
    this.history = new KeyHistory(table, psp);
    this.references = new References(table, psp);
    this.calls = new Calls(table, psp);
    this.entries = new Entries(table, psp, this.history);
  }

  /** @throws BusyKeyError */
  async carryOut(call: KeyCall, decide: Decide): Promise<CarriedOut> {
    const callId = this.options.nextCallId();
    const carriedOut = await this.decideAlone(call, callId, decide);
    if (call.kind !== undefined) {
      await this.calls.add(callId, { ...call, kind: call.kind, status: statusOf(carriedOut.reply) });
    }
    return carriedOut;
  }

  async get(id: string): Promise<Charge | undefined> {
    const key = await this.references.keyOfId(id);
    if (key === undefined) return undefined;
    const charges = this.history.chargesOf(key, await this.history.read(key));
    return charges.find(({ charge }) => charge.id === id)?.charge;
  }

  async findDue(now: number): Promise<readonly Charge[]> {
    const { table, psp } = this.options;
    const open = await listOpenCharges(table, psp, this.history);
    return open.map(({ charge }) => charge).filter((charge) => dueChange(charge, now) !== undefined);
  }

  async find(lookUp: LookUp, limit: number): Promise<readonly Charge[]> {
    const { reference, idempotencyKey, createdUntil } = lookUp;
    const keys =
      idempotencyKey === undefined ? await this.references.keysOf(reference ?? '') : [idempotencyKey];
    const found = await Promise.all(
      keys.map(async (key) => this.history.chargesOf(key, await this.history.read(key))),
    );
    return found
      .flat()
      .map(({ charge }) => charge)
      .filter((charge) => reference === undefined || charge.reference === reference)
      .filter((charge) => charge.createdAt <= createdUntil)
      .toSorted((one, other) => one.createdAt - other.createdAt)
      .slice(0, limit);
  }

  listEntries(period: EntryPeriod, limit: number, after: string | undefined): Promise<EntryPage | undefined> {
    return this.entries.list(period, limit, after);
  }

  async log(call: Call): Promise<void> {
    await this.calls.add(this.options.nextCallId(), call);
  }

  /** By all environments that serve the PSP. */
  countCall({ startedAt, endsAt }: CallWindow): Promise<number> {
    const { table, psp } = this.options;
    return table.increment(
      `window#${psp}`,
      String(startedAt),
      Math.ceil(endsAt / 1000) + WINDOW_KEPT_SECONDS,
    );
  }

  private async decideAlone(call: KeyCall, callId: string, decide: Decide): Promise<CarriedOut> {
    let faultySends: number | undefined;
    const changes: Change[] = [];
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const events = await this.history.read(call.idempotencyKey);
      const due = this.dueIn(call, events);
      if (due !== undefined) {
        await this.entries.note(due, callId);
        // The decision follows in the next turn, which reads this change.
        if (await this.append(call, callId, events, this.changeEvent(events, due.charge))) {
          await this.unlistPrevious(call, events, due.charge);
          changes.push(due);
        }
        continue;
      }
      const known = this.history.knownOf(call.idempotencyKey, events);
      let decision = decide({ ...known, faultySends: faultySends ?? 0 });
      // Counted once, even if this call decides repeatedly.
      if (decision.countsFaultySend && faultySends === undefined) {
        faultySends = await this.references.countFaultySend(call.reference);
        decision = decide({ ...known, faultySends });
      }
      const kept = await this.keep(call, callId, events, decision);
      if (kept !== undefined) {
        const now = kept.changed.map((charge) => ({ charge, at: call.at }));
        return { reply: kept.reply, changes: [...changes, ...now] };
      }
      await this.options.pause(attempt);
    }
    throw new BusyKeyError(`other calls about ${call.idempotencyKey} came first ${MAX_ATTEMPTS} times`);
  }

  /** @returns undefined where another call about the key came first */
  private async keep(
    call: KeyCall,
    callId: string,
    events: readonly KeyEvent[],
    decision: Decision,
  ): Promise<{ readonly reply: Reply; readonly changed: readonly Charge[] } | undefined> {
    const { idempotencyKey, reference } = call;
    const append = (happened: Partial<KeyEvent>) =>
      this.append(call, callId, events, {
        ...happened,
        ...(decision.storesError ? { storesError: true } : {}),
      });
    switch (decision.kind) {
      case 'leaves':
        return !decision.storesError || (await append({}))
          ? { reply: decision.reply, changed: [] }
          : undefined;
      case 'invalidates': {
        const { reply, charges } = decision;
        if (events.some(({ invalidates }) => invalidates === true)) return { reply, changed: [] };
        const [first] = charges;
        // An invalidated key ends all its charges. Without deduplication there may be several: only the first is listed.
        const change = first === undefined ? {} : this.changeEvent(events, first);
        if (!(await append({ invalidates: true, ...change }))) return undefined;
        for (const charge of charges) await this.unlistPrevious(call, events, charge);
        return { reply, changed: charges };
      }
      case 'changes':
        await this.entries.note({ charge: decision.charge, at: call.at }, callId);
        if (!(await append(this.changeEvent(events, decision.charge)))) return undefined;
        await this.unlistPrevious(call, events, decision.charge);
        return { reply: decision.reply, changed: [decision.charge] };
      case 'charges': {
        const id = this.history.chargeId(idempotencyKey, events.length + 1);
        const charge = { ...decision.charge, id };
        await Promise.all([
          this.references.name(reference, idempotencyKey),
          this.references.nameId(id, idempotencyKey),
          this.entries.note({ charge, at: call.at }, callId),
        ]);
        if (!(await append({ charge: decision.charge }))) return undefined;
        return { reply: decision.reply(charge), changed: [charge] };
      }
    }
  }

  private append(
    { idempotencyKey, at }: KeyCall,
    callId: string,
    events: readonly KeyEvent[],
    happened: Partial<KeyEvent>,
  ): Promise<boolean> {
    return this.history.append(idempotencyKey, events.length + 1, { callId, at, ...happened });
  }

  private dueIn({ idempotencyKey, at }: KeyCall, events: readonly KeyEvent[]): Change | undefined {
    for (const { charge } of this.history.chargesOf(idempotencyKey, events)) {
      const due = dueChange(charge, at);
      if (due !== undefined) return due;
    }
    return undefined;
  }

  private changeEvent(events: readonly KeyEvent[], { id, ...charge }: Charge): Partial<KeyEvent> {
    const placed = this.history.chargesOf(charge.idempotencyKey, events).find((one) => one.charge.id === id);
    if (placed === undefined) throw new Error(`there is no charge ${id} to change`);
    return { change: { seq: placed.seq, place: placed.cursor, charge } };
  }

  /** Removes the entry of an open charge's former state. If this fails, `listOpenCharges` removes it later. */
  private async unlistPrevious({ idempotencyKey }: KeyCall, events: readonly KeyEvent[], { id }: Charge) {
    const placed = this.history.chargesOf(idempotencyKey, events).find((one) => one.charge.id === id);
    const event = placed === undefined ? undefined : events[placed.statedBy - 1];
    if (placed === undefined || event === undefined || !isOpen(placed.charge.status)) return;
    await this.history.unlist(idempotencyKey, placed.statedBy, event);
  }
}
