import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import * as z from 'zod';
import { TurnTransactions } from '../turn-transactions.ts';
import type { Message } from './engine/message.ts';
import type { MoveTask } from './engine/move-task.ts';

export interface StoredQueue {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

export interface StoredDeduplication {
  readonly key: string;
  readonly messageId: string;
  readonly sequence: number;
  readonly expiresAt: number;
}

/** The truth of all queues on disk. The operating system survives a `kill -9`, so no commit waits for the disk. */
export class SqsStore {
  private readonly database: DatabaseSync;
  private readonly transactions: TurnTransactions;
  private readonly statements = new Map<string, StatementSync>();

  constructor(file: string) {
    this.database = new DatabaseSync(file);
    this.database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000');
    this.database.exec(SCHEMA);
    this.transactions = new TurnTransactions(this.database);
  }

  /** All that `work` writes is kept, or none of it. */
  transaction<T>(work: () => T): T {
    return this.transactions.run(work);
  }

  /** Resolves when every transaction so far survives a kill: what a client is told must. */
  committed(): Promise<void> {
    return this.transactions.committed();
  }

  saveQueue(queue: StoredQueue): void {
    this.run(
      'insert or replace into queue values (?, ?, ?, ?)',
      queue.name,
      json(queue.attributes),
      json(queue.tags),
      queue.createdAt,
    );
  }

  deleteQueue(name: string): void {
    for (const table of ['queue', 'message', 'deduplication', 'move_task']) {
      this.run(`delete from ${table} where queue = ?`, name);
    }
  }

  purge(queue: string): void {
    this.run('delete from message where queue = ?', queue);
  }

  insertMessage(queue: string, message: Message): void {
    this.run('insert into message values (?, ?, ?)', queue, message.sequence, json(message));
  }

  updateMessage(queue: string, message: Message): void {
    this.run(
      'update message set content = ? where queue = ? and sequence = ?',
      json(message),
      queue,
      message.sequence,
    );
  }

  deleteMessage(queue: string, sequence: number): void {
    this.run('delete from message where queue = ? and sequence = ?', queue, sequence);
  }

  saveDeduplication(queue: string, entry: StoredDeduplication): void {
    this.run(
      'insert or replace into deduplication values (?, ?, ?, ?, ?)',
      queue,
      entry.key,
      entry.messageId,
      entry.sequence,
      entry.expiresAt,
    );
  }

  forgetDeduplications(queue: string, until: number): void {
    this.run('delete from deduplication where queue = ? and expires_at <= ?', queue, until);
  }

  saveMoveTask(queue: string, task: MoveTask): void {
    this.run('insert or replace into move_task values (?, ?, ?)', queue, task.handle, json(task));
  }

  loadQueues(): readonly StoredQueue[] {
    return this.all('select * from queue order by created_at', queueRow).map((row) => ({
      name: row.queue,
      attributes: strings.parse(JSON.parse(row.attributes)),
      tags: strings.parse(JSON.parse(row.tags)),
      createdAt: row.created_at,
    }));
  }

  loadMessages(queue: string): readonly Message[] {
    const rows = this.all('select content from message where queue = ? order by sequence', contentRow, queue);
    return rows.map((row) => messageSchema.parse(JSON.parse(row.content)));
  }

  loadDeduplications(queue: string): readonly StoredDeduplication[] {
    const rows = this.all(
      'select * from deduplication where queue = ? order by expires_at',
      deduplicationRow,
      queue,
    );
    return rows.map((row) => ({
      key: row.key,
      messageId: row.message_id,
      sequence: row.sequence,
      expiresAt: row.expires_at,
    }));
  }

  loadMoveTasks(queue: string): readonly MoveTask[] {
    const rows = this.all('select content from move_task where queue = ?', contentRow, queue);
    return rows.map((row) => moveTaskSchema.parse(JSON.parse(row.content)));
  }

  close(): void {
    this.transactions.flush();
    this.database.close();
  }

  private run(sql: string, ...values: SQLInputValue[]): void {
    this.prepare(sql).run(...values);
  }

  private all<Row>(sql: string, schema: z.ZodType<Row>, ...values: SQLInputValue[]): Row[] {
    return this.prepare(sql)
      .all(...values)
      .map((row) => schema.parse(row));
  }

  private prepare(sql: string): StatementSync {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }
}

const SCHEMA = `
  create table if not exists queue (queue text primary key, attributes text, tags text, created_at integer);
  create table if not exists message (queue text, sequence integer, content text, primary key (queue, sequence));
  create table if not exists deduplication (
    queue text, key text, message_id text, sequence integer, expires_at integer, primary key (queue, key));
  create table if not exists move_task (queue text, handle text primary key, content text);
`;

const json = (value: object) => JSON.stringify(value);

const strings = z.record(z.string(), z.string());
const queueRow = z.object({
  queue: z.string(),
  attributes: z.string(),
  tags: z.string(),
  created_at: z.number(),
});
const contentRow = z.object({ content: z.string() });
const deduplicationRow = z.object({
  key: z.string(),
  message_id: z.string(),
  sequence: z.number(),
  expires_at: z.number(),
});
const messageSchema = z
  .object({
    id: z.string(),
    sequence: z.number(),
    body: z.string(),
    attributes: z.record(
      z.string(),
      z.object({
        DataType: z.string(),
        StringValue: z.string().optional(),
        BinaryValue: z.string().optional(),
      }),
    ),
    groupId: z.string(),
    deduplicationId: z.string(),
    senderId: z.string(),
    sentAt: z.number(),
    deadLetterSourceArn: z.string().optional(),
    receiveCount: z.number(),
    firstReceivedAt: z.number().optional(),
    receivedAt: z.number(),
    visibleAt: z.number(),
    receipt: z.string().optional(),
  })
  .transform((message) => ({
    ...message,
    deadLetterSourceArn: message.deadLetterSourceArn,
    firstReceivedAt: message.firstReceivedAt,
    receipt: message.receipt,
  }));
const moveTaskSchema = z
  .object({
    handle: z.string(),
    sourceArn: z.string(),
    destinationArn: z.string().optional(),
    ratePerSecond: z.number(),
    status: z.enum(['RUNNING', 'COMPLETED', 'CANCELLING', 'CANCELLED', 'FAILED']),
    moved: z.number(),
    toMove: z.number(),
    failureReason: z.string().optional(),
    startedAt: z.number(),
  })
  .transform((task) => ({ ...task, destinationArn: task.destinationArn, failureReason: task.failureReason }));
