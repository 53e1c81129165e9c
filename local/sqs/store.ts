import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import * as z from 'zod';
import { TurnTransactions } from '../turn-transactions.ts';
import type { Message } from './engine/message.ts';
import type { MoveTask } from './engine/move-task.ts';

/** Times are milliseconds since the epoch. */
export interface StoredQueue {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** From the queue's creation: AWS keeps this behaviour when `DeduplicationScope` is changed afterwards. */
  readonly deduplicatesPerGroup: boolean;
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** Undefined for one that never was. */
  readonly purgedAt: number | undefined;
}

export interface StoredDeduplication {
  readonly key: string;
  readonly messageId: string;
  readonly sequence: number;
  readonly expiresAt: number;
}

/** The durable state of all queues. The operating system survives a `kill -9`, so no commit waits for the disk. */
export class SqsStore {
  private readonly database: DatabaseSync;
  private readonly transactions: TurnTransactions;
  private readonly statements = new Map<string, StatementSync>();

  /** @throws Error for a file written by another version */
  constructor(file: string) {
    this.database = new DatabaseSync(file);
    this.database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000');
    assertVersion(this.database, file);
    this.database.exec(SCHEMA);
    this.transactions = new TurnTransactions(this.database);
  }

  /** Commits all writes of `work`, or none. */
  transaction<T>(work: () => T): T {
    return this.transactions.run(work);
  }

  /** Resolves when every transaction so far survives a kill; await it before answering a client. */
  committed(): Promise<void> {
    return this.transactions.committed();
  }

  saveQueue(queue: StoredQueue): void {
    this.run('insert or replace into queue values (?, ?)', queue.name, json(queue));
  }

  deleteQueue(name: string, at: number): void {
    for (const table of ['queue', 'message', 'deduplication', 'move_task']) {
      this.run(`delete from ${table} where queue = ?`, name);
    }
    this.run('insert or replace into deleted_queue values (?, ?)', name, at);
  }

  /** When a queue of this name was last deleted; undefined if never. */
  deletedAt(name: string): number | undefined {
    const [row] = this.all('select deleted_at from deleted_queue where queue = ?', deletedRow, name);
    return row?.deleted_at;
  }

  /** Messages and deduplication ids. */
  purge(queue: string): void {
    for (const table of ['message', 'deduplication']) this.run(`delete from ${table} where queue = ?`, queue);
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
    return this.all('select content from queue order by queue', contentRow).map((row) =>
      queueSchema.parse(JSON.parse(row.content)),
    );
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
  create table if not exists queue (queue text primary key, content text);
  create table if not exists deleted_queue (queue text primary key, deleted_at integer);
  create table if not exists message (queue text, sequence integer, content text, primary key (queue, sequence));
  create table if not exists deduplication (
    queue text, key text, message_id text, sequence integer, expires_at integer, primary key (queue, key));
  create table if not exists move_task (queue text, handle text primary key, content text);
`;

/** Increased with each change of the schema or of its contents' format. */
const VERSION = 2;

function assertVersion(database: DatabaseSync, file: string): void {
  const isNew = database.prepare('select 1 from sqlite_schema').get() === undefined;
  const found = versionSchema.parse(database.prepare('pragma user_version').get()).user_version;
  if (!isNew && found !== VERSION) {
    throw new Error(
      `${file} was written by another version of Oncepay. Delete the data folder it is in, or start with --data and another folder.`,
    );
  }
  database.exec(`pragma user_version = ${VERSION}`);
}

const versionSchema = z.object({ user_version: z.number() });
const json = (value: object) => JSON.stringify(value);

const strings = z.record(z.string(), z.string());
const contentRow = z.object({ content: z.string() });
const deletedRow = z.object({ deleted_at: z.number() });
const queueSchema = z
  .object({
    name: z.string(),
    attributes: strings,
    tags: strings,
    deduplicatesPerGroup: z.boolean(),
    createdAt: z.number(),
    modifiedAt: z.number(),
    purgedAt: z.number().optional(),
  })
  .transform((queue) => ({ ...queue, purgedAt: queue.purgedAt }));
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
    traceHeader: z.string().optional(),
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
    ratePerSecond: z.number().optional(),
    status: z.enum(['RUNNING', 'COMPLETED', 'CANCELLING', 'CANCELLED', 'FAILED']),
    moved: z.number(),
    toMove: z.number(),
    failureReason: z.string().optional(),
    startedAt: z.number(),
  })
  .transform((task) => ({
    ...task,
    destinationArn: task.destinationArn,
    ratePerSecond: task.ratePerSecond,
    failureReason: task.failureReason,
  }));
