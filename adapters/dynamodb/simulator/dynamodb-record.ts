import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type {
  Call,
  Charge,
  Decide,
  Decision,
  KeyCall,
  LookUp,
  PspRecord,
} from '../../../simulator/record.ts';
import type { Reply } from '../../../simulator/reply.ts';
import { statusOf } from '../../../simulator/simulated-psp.ts';
import { Calls } from './calls.ts';
import { type KeyEvent, KeyHistory } from './key-history.ts';
import { References } from './references.ts';
import type { SimulatorTable } from './simulator-table.ts';

export interface DynamoDbRecordOptions {
  readonly table: SimulatorTable;
  readonly psp: SimulatedPspName;
  /** An id for each call, later ones sorting behind earlier ones. */
  readonly nextCallId: () => string;
  /** Resolves a moment later, longer with each attempt: rivals for one key must not keep in step. */
  readonly pause: (attempt: number) => Promise<void>;
}

/** Each attempt that fails is another call's that came through: a hundred calls for one key at once all get theirs. */
const MAX_ATTEMPTS = 100;

/** Thrown when other calls about the same key came first again and again. Nothing was changed. */
export class BusyKeyError extends Error {
  override readonly name = 'BusyKeyError';
}

/** The record of one simulated PSP in DynamoDB, shared by all environments that serve it. */
export class DynamoDbRecord implements PspRecord {
  private readonly options: DynamoDbRecordOptions;
  private readonly history: KeyHistory;
  private readonly references: References;
  private readonly calls: Calls;

  constructor(options: DynamoDbRecordOptions) {
    const { table, psp } = options;
    this.options = options;
    this.history = new KeyHistory(table, psp);
    this.references = new References(table, psp);
    this.calls = new Calls(table, psp);
  }

  /** @throws BusyKeyError */
  async carryOut(call: KeyCall, decide: Decide): Promise<Reply> {
    const callId = this.options.nextCallId();
    const reply = await this.decideAlone(call, callId, decide);
    await this.calls.add(callId, { ...call, status: statusOf(reply) });
    return reply;
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

  async log(call: Call): Promise<void> {
    await this.calls.add(this.options.nextCallId(), call);
  }

  private async decideAlone(call: KeyCall, callId: string, decide: Decide): Promise<Reply> {
    let faultySends: number | undefined;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const events = await this.history.read(call.idempotencyKey);
      const known = this.history.knownOf(call.idempotencyKey, events);
      let decision = decide({ ...known, faultySends: faultySends ?? 0 });
      // Counted once, however often this call decides.
      if (decision.countsFaultySend && faultySends === undefined) {
        faultySends = await this.references.countFaultySend(call.reference);
        decision = decide({ ...known, faultySends });
      }
      const reply = await this.keep(call, callId, events, decision);
      if (reply !== undefined) return reply;
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
  ): Promise<Reply | undefined> {
    const { idempotencyKey, at, reference } = call;
    const seq = events.length + 1;
    const append = (happened: Partial<KeyEvent>) =>
      this.history.append(idempotencyKey, seq, {
        callId,
        at,
        ...happened,
        ...(decision.storesError ? { storesError: true } : {}),
      });
    switch (decision.kind) {
      case 'leaves':
        return !decision.storesError || (await append({})) ? decision.reply : undefined;
      case 'invalidates': {
        const isInvalidated = events.some(({ invalidates }) => invalidates === true);
        return isInvalidated || (await append({ invalidates: true })) ? decision.reply : undefined;
      }
      case 'charges': {
        const { charge } = decision;
        await this.references.name(reference, idempotencyKey);
        if (!(await append({ charge }))) return undefined;
        return decision.reply({ ...charge, id: this.history.chargeId(idempotencyKey, seq) });
      }
    }
  }
}
