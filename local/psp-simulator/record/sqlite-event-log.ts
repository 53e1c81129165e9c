import type { DatabaseSync, StatementSync } from 'node:sqlite';
import * as z from 'zod';
import { type EventLog, type EventView, type PspEvent, pspEvent } from '../../../simulator/event.ts';
import type { TurnTransactions } from '../../turn-transactions.ts';

/** As many events as half a million payments have at most, below 200 MB. */
const EVENTS_KEPT = 100_000;
/** Old events are dropped this many at a time, so that dropping costs nothing per event. */
const EVENTS_PER_PRUNING = 1_000;

const rows = z.array(z.object({ content: z.string() }));

/** The events of one simulated PSP in SQLite. */
export class SqliteEventLog implements EventLog, EventView {
  private readonly transactions: TurnTransactions;
  private readonly writing: StatementSync;
  private readonly pruning: StatementSync;
  private readonly reading: StatementSync;
  private readonly latest: StatementSync;
  private readonly planned: StatementSync;

  constructor(database: DatabaseSync, transactions: TurnTransactions) {
    this.transactions = transactions;
    this.writing = database.prepare(
      `insert into event (id, next_attempt_at, content) values (?, ?, ?)
       on conflict (id) do update set next_attempt_at = excluded.next_attempt_at, content = excluded.content`,
    );
    this.pruning = database.prepare('delete from event where seq <= ?');
    this.reading = database.prepare('select content from event where id = ?');
    this.latest = database.prepare('select content from event order by seq desc limit ?');
    this.planned = database.prepare(
      'select content from event where next_attempt_at is not null order by seq',
    );
  }

  async put(event: PspEvent): Promise<void> {
    this.transactions.run(() => {
      const { lastInsertRowid } = this.writing.run(event.id, event.nextAttemptAt, JSON.stringify(event));
      const seq = Number(lastInsertRowid);
      if (seq % EVENTS_PER_PRUNING === 0) this.pruning.run(seq - EVENTS_KEPT);
    });
    await this.transactions.committed();
  }

  async get(id: string): Promise<PspEvent | undefined> {
    return this.eventsOf([this.reading.get(id)].filter((row) => row !== undefined))[0];
  }

  async list(limit: number): Promise<readonly PspEvent[]> {
    return this.eventsOf(this.latest.all(limit));
  }

  /** Those that an attempt is planned for. */
  listPlanned(): readonly PspEvent[] {
    return this.eventsOf(this.planned.all());
  }

  private eventsOf(found: readonly unknown[]): readonly PspEvent[] {
    return rows.parse(found).map(({ content }) => pspEvent.parse(JSON.parse(content)));
  }
}
