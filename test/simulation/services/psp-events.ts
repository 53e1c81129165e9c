import type { PspEvent, RawEvent } from '../../../adapters/psp/psp-event.ts';
import { parseSimulatorEvent } from '../../../adapters/psp/simulator/parse-event.ts';
import { SIGNATURE_HEADER, signatureOf } from '../../../simulator/webhook-signature.ts';
import type { Context } from '../context.ts';

/** A charge or an authorization at the PSP, as it has just become. */
export interface PspChange {
  readonly id: string;
  readonly status:
    | 'requires_action'
    | 'processing'
    | 'authenticated'
    | 'succeeded'
    | 'declined'
    | 'expired'
    | 'invalidated';
  /** Of a buyer's action that failed, and that the buyer can repeat. */
  readonly declineCode?: string;
  readonly key: string;
  readonly reference: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** One request to the address for events. */
export interface Delivery {
  readonly account: string;
  readonly headers: RawEvent['headers'];
  readonly body: Buffer;
}

/** @param onAnswered told the status; undefined where the function died, and when the database has stored it all the same */
export type Deliver = (delivery: Delivery, onAnswered: (status: number | undefined) => void) => void;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** What isn't answered with a 200 is sent again for some days. */
const RETRY_MS: readonly number[] = [SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE];
const LATER_RETRY_MS = 60 * MINUTE;
const RETRIES = 72;
const SOON_MS = 2 * SECOND;
const LATE_MS: readonly number[] = [30 * SECOND, 5 * MINUTE, 60 * MINUTE];

/** Names nothing that there is. */
const NOBODY: PspChange = {
  id: 'ch_nobody',
  status: 'succeeded',
  key: `ins_${'f'.repeat(32)}`,
  reference: `ord_${'f'.repeat(32)}`,
  amountMinor: 1n,
  currency: 'KRW',
};

/**
 * The events of one PSP account, signed as the simulator signs them: at once or late, so that a later one overtakes, once or
 * twice, as two events of one change, by the order's name alone, through another account, or not at all.
 */
export class PspEvents {
  readonly account: string;
  private readonly context: Context;
  private readonly deliver: Deliver;
  /** Accounts that our instructions don't belong to, and whose secrets are as valid. */
  private readonly others: readonly string[];
  private count = 0;

  constructor(account: string, others: readonly string[], context: Context, deliver: Deliver) {
    this.account = account;
    this.others = others;
    this.context = context;
    this.deliver = deliver;
  }

  /** Reads a request to the account's address as its adapter does. */
  parse(raw: RawEvent): Promise<PspEvent> {
    const read = async () => [secretOf(this.account)];
    return parseSimulatorEvent(raw, { read, refresh: read });
  }

  tell(change: PspChange): void {
    const { faults, scheduler } = this.context;
    if (faults.strikes('event lost', 3)) return;
    const namesOrder = faults.strikes('event names the order', 2);
    const event = this.eventOf(change, namesOrder ? undefined : change.key);
    const twins = faults.strikes('event has a twin') ? [event, { ...event, id: this.nextId() }] : [event];
    for (const twin of twins) {
      const times = faults.strikes('event twice', 3) ? 2 : 1;
      for (let time = 0; time < times; time += 1) {
        const delay = scheduler.random.below(
          faults.strikes('event late', 5) ? scheduler.random.pick(LATE_MS) : SOON_MS,
        );
        scheduler.clock.after(delay, () => this.send(this.account, JSON.stringify(twin)));
      }
    }
    const [other] = this.others;
    if (other === undefined || !faults.strikes('event of another account')) return;
    scheduler.clock.after(scheduler.random.below(SOON_MS), () => this.send(other, JSON.stringify(event)));
  }

  /** An event that overtakes our own commit. */
  tellEarly(instructionId: string, orderId: string): void {
    const early = { ...NOBODY, id: `ch_early_${instructionId}`, key: instructionId, reference: orderId };
    this.send(this.account, JSON.stringify(this.eventOf(early, early.key)));
  }

  /** About what was made in the PSP's dashboard, or for another database with the same account. */
  tellUnknown(): void {
    const { random } = this.context.scheduler;
    const change = { ...NOBODY, id: `ch_nobody_${this.count}` };
    const event = random.pick([
      this.eventOf(change, change.key),
      this.eventOf(change, undefined),
      this.eventOf({ ...change, reference: 'made in the dashboard' }, undefined),
    ]);
    this.send(this.account, JSON.stringify(event));
  }

  private nextId(): string {
    this.count += 1;
    return `evt_${this.account}_${this.count}`;
  }

  /** As the simulator's events are, see `eventOf` there. */
  private eventOf(change: PspChange, key: string | undefined) {
    const { id, status, declineCode, reference, amountMinor, currency } = change;
    return {
      id: this.nextId(),
      type: `charge.${status}`,
      created: new Date(this.context.scheduler.clock.now()).toISOString(),
      data: {
        charge: {
          id,
          status,
          reference,
          amount: Number(amountMinor),
          currency,
          ...(key === undefined ? {} : { idempotency_key: key }),
          ...(declineCode === undefined ? {} : { decline_code: declineCode }),
        },
      },
    };
  }

  private send(account: string, body: string, retries = 0): void {
    const { clock } = this.context.scheduler;
    const signature = signatureOf([secretOf(account)], body, clock.now());
    const headers = { [SIGNATURE_HEADER.toLowerCase()]: signature };
    this.deliver({ account, headers, body: Buffer.from(body) }, (status) => {
      if (status === 200 || retries >= RETRIES) return;
      clock.after(RETRY_MS[retries] ?? LATER_RETRY_MS, () => this.send(account, body, retries + 1));
    });
  }
}

function secretOf(account: string): string {
  return `the webhook secret of ${account}`;
}
