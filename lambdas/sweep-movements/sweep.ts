import type { Database } from '../../adapters/database/database.ts';
import {
  type AttachedMovements,
  attachMovements,
  attachUnfinished,
} from '../../adapters/database/statements/attach-movements.ts';
import { noteMissingMovements } from '../../adapters/database/statements/missing-movements.ts';
import { beginPeriod, type SweepPeriod } from '../../adapters/database/statements/sweep-period.ts';
import type { Activity } from '../../adapters/dynamodb/activity.ts';
import type { Ids } from '../../adapters/ids.ts';
import type { Psp } from '../../adapters/psp/psp.ts';
import type { ListedMovements } from '../../adapters/psp/psp-movement.ts';
import { type SendEffects, sendWoken } from '../../adapters/sqs/send-woken.ts';
import { type Time, withDeadline } from '../../adapters/time.ts';

export interface SweepEffects extends SendEffects {
  readonly database: Database;
  readonly activity: Pick<Activity, 'isIdle'>;
  /** By account. */
  readonly psps: ReadonlyMap<string, Pick<Psp, 'movements'>>;
  readonly time: Time;
  readonly ids: Pick<Ids, 'next'>;
  /** Whether another page may be read and recorded; a function has a time-out. */
  hasTime(): boolean;
}

export interface AccountReport {
  readonly account: string;
  /**
   * `finished`: everything up to now was read. `unfinished`: time ran out, and the next run continues. `not_supported`: the PSP
   * has no list. `failed`: it gave no page; the next run asks again.
   */
  readonly outcome: 'finished' | 'unfinished' | 'not_supported' | 'failed';
  /** Why it failed. */
  readonly reason?: unknown;
  readonly pages: number;
  readonly attached: number;
  /** New discrepancies. */
  readonly noted: number;
}

export type SweepReport =
  /** The sweep doesn't resume a paused database. The next run that finds it in use reads all that was missed. */
  { readonly kind: 'idle' } | { readonly kind: 'swept'; readonly accounts: readonly AccountReport[] };

/** A page takes longer than a look-up: some PSPs collect it from several stores. */
const LIST_DEADLINE_MS = 10_000;
/** Of one statement: some tens of milliseconds. What has not ended is never that much. */
const UNFINISHED_LIMIT = 1_000;
const MISSING_LIMIT = 1_000;

/**
 * Reads what each PSP says that it moved, since the last sweep, and compares it with what we have booked (rule 26). What the list
 * says is attached to our movements or noted, never booked. One statement a page; safe to repeat, and to run twice at once.
 *
 * @throws the first account's error of the database, after the others have ended
 */
export async function sweepMovements(effects: SweepEffects): Promise<SweepReport> {
  if (await effects.activity.isIdle()) return { kind: 'idle' };
  const ended = await Promise.allSettled(
    [...effects.psps].map(([account, psp]) => new AccountSweep(account, psp, effects).run()),
  );
  const accounts = ended.map((account) => {
    if (account.status === 'rejected') throw account.reason;
    return account.value;
  });
  return { kind: 'swept', accounts };
}

class AccountSweep {
  private readonly account: string;
  private readonly psp: Pick<Psp, 'movements'>;
  private readonly effects: SweepEffects;
  private pages = 0;
  private attached = 0;
  private noted = 0;

  constructor(account: string, psp: Pick<Psp, 'movements'>, effects: SweepEffects) {
    this.account = account;
    this.psp = psp;
    this.effects = effects;
  }

  async run(): Promise<AccountReport> {
    const { database } = this.effects;
    await this.count(await attachUnfinished(database, this.account, UNFINISHED_LIMIT));
    const ended = await this.readPages(await beginPeriod(database, this.account));
    await this.noteMissing();
    const { account, pages, attached, noted } = this;
    return { account, ...ended, pages, attached, noted };
  }

  /** A page that can't be read ends the run: what the PSP refuses now, it would refuse again at once. */
  private async readPages(first: SweepPeriod): Promise<Pick<AccountReport, 'outcome' | 'reason'>> {
    const { database, ids } = this.effects;
    let period = first;
    while (this.effects.hasTime()) {
      const listed = await this.list(period);
      if (listed.kind === 'not_supported') return { outcome: 'not_supported' };
      if (listed.kind === 'no_answer') return { outcome: 'failed', reason: listed.outcome };
      const next = listed.next ?? null;
      if (next !== null && next === period.cursor)
        return { outcome: 'failed', reason: 'the page names itself' };
      const page = { pspAccount: this.account, period, movements: listed.movements, next };
      await this.count(await attachMovements(database, page, () => ids.next('dsc')));
      this.pages += 1;
      if (next === null) return { outcome: 'finished' };
      period = { ...period, cursor: next };
    }
    return { outcome: 'unfinished' };
  }

  private list(period: SweepPeriod): Promise<ListedMovements> {
    return withDeadline(this.effects.time, LIST_DEADLINE_MS, (signal) =>
      this.psp.movements(period, period.cursor ?? undefined, signal),
    );
  }

  private async noteMissing(): Promise<void> {
    while (this.effects.hasTime()) {
      const { database } = this.effects;
      const { lookedAt, missing } = await noteMissingMovements(database, this.account, MISSING_LIMIT);
      this.noted += missing;
      if (lookedAt < MISSING_LIMIT) return;
    }
  }

  private async count({ attached, noted, woken }: AttachedMovements): Promise<void> {
    this.attached += attached;
    this.noted += noted;
    await sendWoken(woken, this.effects);
  }
}
