import type { SQSRecord } from 'aws-lambda';
import type { Database } from '../../adapters/database/database.ts';
import { withReplay } from '../../adapters/database/replay.ts';
import { ACCEPT } from '../../adapters/database/statements/accept-payment.ts';
import { CLAIM_SQL } from '../../adapters/database/statements/claim-instructions-sql.ts';
import { RECORD_SQL } from '../../adapters/database/statements/record-attempts-sql.ts';
import { MARK_SQL, PLAN_SQL, REGISTER_SQL } from '../../adapters/database/statements/redrive-dead-letters.ts';
import { POISON_SQL, poisonIdOf } from '../../adapters/database/statements/register-poison.ts';
import { RELAY_SQL } from '../../adapters/database/statements/relay-instructions.ts';
import { alwaysActive } from '../../adapters/dynamodb/activity.ts';
import type { ConsumedMessages } from '../../adapters/dynamodb/consumed-messages.ts';
import type { Ids } from '../../adapters/ids.ts';
import { unmetered } from '../../adapters/metrics/meter.ts';
import type { DeadLetterQueue, ReceivedDeadLetter } from '../../adapters/sqs/dead-letter-queue.ts';
import type { InstructionSender } from '../../adapters/sqs/instruction-queue.ts';
import type { Time } from '../../adapters/time.ts';
import { deduplicationIdOf, instructionMessageBody } from '../../domain/payment/instruction.ts';
import type { PspAbilities } from '../../domain/payment/psp-outcome.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { acceptPayment } from '../../lambdas/accept-payment/accept.ts';
import type { ExecutorEffects, Invocation } from '../../lambdas/execute-instructions/effects.ts';
import { executeBatch } from '../../lambdas/execute-instructions/execute-batch.ts';
import { REST_SECONDS, redriveDeadLetters } from '../../lambdas/redrive-dead-letters/redrive.ts';
import { relayInstructions } from '../../lambdas/relay-instructions/relay.ts';
import { systemAttributesOf } from '../../local/sqs/actions/receive-message.ts';
import type { Message, Received } from '../../local/sqs/engine/message.ts';
import type { Faults } from './faults.ts';
import type { ModelState } from './model/state.ts';
import type { Planted } from './planted/planted.ts';
import { SimulatedPsp } from './psp.ts';
import { Queues } from './queues.ts';
import { RefusedRows } from './refusals.ts';
import type { Process, Scheduler } from './scheduler.ts';
import { ConsumedWatch } from './watch.ts';

export interface WorldOptions {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly database: Database;
  readonly state: ModelState;
  readonly psps: Readonly<Record<string, PspAbilities>>;
  /** The PSPs don't deduplicate, whatever they declare. */
  readonly breaksDeduplication: boolean;
  /** Their requests land, and their charges show, far later than they declare. */
  readonly breaksTimes: boolean;
  readonly redeliversAtOnce: boolean;
  readonly planted: Planted;
}

/** The pipeline around the real handlers: queues, PSPs, table, and what invokes what. */
export class World {
  readonly queues: Queues;
  readonly psps: readonly SimulatedPsp[];
  readonly consumed = new Set<string>();
  readonly violations: string[] = [];
  running = 0;
  private readonly options: WorldOptions;
  private processes = 0;
  private lastId = 0;
  /** By instruction: the newest send number that reached the queue. */
  private readonly arrived = new Map<string, number>();
  private readonly poisoned = new Set<string>();
  private readonly alive = new Set<Process>();
  private wasAlarming = false;
  private readonly consumedWatch = new ConsumedWatch();
  private readonly refusedRows: RefusedRows;

  constructor(options: WorldOptions) {
    this.options = options;
    this.refusedRows = new RefusedRows(options.faults);
    this.queues = new Queues(options.scheduler.clock);
    this.psps = Object.entries(options.psps).map(
      ([name, abilities]) => new SimulatedPsp(name, abilities, options, options.scheduler, options.faults),
    );
  }

  /** A payment by the real accept; whether it was answered 202 is told by the state alone. */
  accept(method: string, orders: number): void {
    const process = this.start('accept');
    void acceptPayment(
      {
        merchant_reference: `reference ${process.name}`,
        buyer_id: 'buyer',
        payment_method: method,
        payment_orders: Array.from({ length: orders }, (_, index) => ({
          amount: 1_000 + index,
          currency: 'KRW',
          seller_id: 'seller',
        })),
      },
      { merchantId: 'mer_one', idempotencyKey: process.name, correlationId: `request ${process.name}` },
      {
        database: this.databaseOf(process),
        queue: this.senderOf(process),
        activity: alwaysActive,
        ids: this.ids,
        amountCaps: {},
        now: () => this.options.scheduler.clock.now(),
        sendFailed: () => {},
      },
    ).then(
      () => this.end(process),
      () => this.end(process),
    );
  }

  /** Lambda's poller: a batch to a worker of its own, perhaps to two, and rarely to ten. */
  deliver(): boolean {
    const batch = this.queues.main.receive(10);
    if (batch.length === 0) return false;
    const records = batch.map(recordOf);
    void this.execute(batch, records);
    const { faults, scheduler } = this.options;
    if (!faults.strikes('duplicate delivery', 2)) return true;
    const duplicates = scheduler.random.chance(0.1) ? 1 + scheduler.random.below(9) : 1;
    for (let duplicate = 0; duplicate < duplicates; duplicate += 1) void this.execute([], records);
    return true;
  }

  private async execute(batch: readonly Received[], records: readonly SQSRecord[]): Promise<void> {
    const { scheduler, faults, planted } = this.options;
    const process = this.start('execute');
    const deadline = scheduler.clock.now() + TIMING.functionTimeoutSeconds * 1000;
    scheduler.tell(`${process.name} takes ${records.map(({ body }) => nameOf(body)).join(', ')}`);
    this.running += 1;
    const cancel = scheduler.clock.after(TIMING.functionTimeoutSeconds * 1000, () =>
      scheduler.kill(process, 'its time is up', this.lateStatement),
    );
    let isDone = false;
    this.whenEnded(process, () => {
      this.running -= 1;
      if (isDone || !this.options.redeliversAtOnce) return;
      for (const { receiptHandle } of batch) this.hide(receiptHandle, 0);
    });
    this.consumedWatch.begin(process, this.consumed);
    const effects = planted.effects(this.executorEffects(process), process);
    const invocation: Invocation = {
      claimToken: `clm_${process.name}`,
      remainingMilliseconds: () => deadline - scheduler.clock.now(),
    };
    planted.beforeBatch(() => this.acknowledge(batch, new Set()));
    try {
      const failed = await executeBatch(records, effects, invocation);
      await faults.around(scheduler, process, 'execute.return', () =>
        this.acknowledge(batch, new Set(failed)),
      );
    } catch {
      // The invocation failed: every message comes again when its visibility ends.
    }
    isDone = true;
    cancel();
    this.end(process);
  }

  /** What a dying process had sent to the database may arrive long after; its answer goes nowhere. */
  private readonly lateStatement = (happen: () => Promise<void>): void => {
    const { faults, scheduler } = this.options;
    if (!faults.strikes('late statement', 8)) return;
    scheduler.clock.after(scheduler.random.below(120_000), () => scheduler.enqueue('late.database.', happen));
  };

  private acknowledge(batch: readonly Received[], failed: ReadonlySet<string>): void {
    for (const { message, receiptHandle } of batch) {
      if (failed.has(message.id)) continue;
      try {
        this.queues.main.delete(receiptHandle);
      } catch {
        // Its visibility ended: it comes again.
      }
    }
  }

  relay(): void {
    const { scheduler } = this.options;
    const process = this.start('relay');
    const deadline = scheduler.clock.now() + 60_000;
    scheduler.clock.after(60_000, () => scheduler.kill(process, 'its time is up'));
    void relayInstructions({
      database: this.databaseOf(process),
      queue: this.senderOf(process),
      activity: alwaysActive,
      time: this.timeOf(process),
      remainingMilliseconds: () => deadline - scheduler.clock.now(),
      sentAgain: () => {},
    }).then(
      () => this.end(process),
      () => this.end(process),
    );
  }

  /** CloudWatch's alarm: acts on the transition alone. */
  watch(): void {
    const isAlarming = this.queues.dead.metrics().visible > 0;
    if (isAlarming && !this.wasAlarming) {
      this.redrive('alarm');
      if (this.options.faults.strikes('alarm fires twice', 5)) this.redrive('alarm');
    }
    this.wasAlarming = isAlarming;
  }

  redrive(actor: string): void {
    const { scheduler } = this.options;
    const process = this.start('redrive');
    const deadline = scheduler.clock.now() + 90_000;
    scheduler.clock.after(90_000, () => scheduler.kill(process, 'its time is up'));
    void redriveDeadLetters(
      {
        database: this.databaseOf(process),
        consumed: this.consumedOf(process),
        queue: this.deadLetterQueueOf(process, actor !== 'operator'),
        time: this.timeOf(process),
        progress: () => {},
        redriven: () => {},
      },
      {
        actor,
        origin: 'pipeline',
        reason: 'simulated',
        messagesPerSecond: 20,
        filter: {},
        skipsRest: actor === 'operator',
        dryRun: false,
        hasTime: () => deadline - scheduler.clock.now() > 15_000,
      },
    ).then(
      () => this.end(process),
      () => this.end(process),
    );
  }

  /** A message that was lost on its way for a while, or sent twice: the same body in a new message. */
  sendAgain(instructionId: string, orderId: string): void {
    const body = instructionMessageBody({
      instructionId,
      paymentOrderId: orderId,
      operation: 'charge',
    });
    this.sendRaw(body, orderId);
  }

  /** What SQS does by itself with a message that was received too often. */
  moveUsedUp(): void {
    const message = this.queues.main.take();
    if (message === undefined) return;
    this.options.scheduler.tell(`SQS moves ${nameOf(message.body)} to the dead letters`);
    this.queues.dead.acceptDeadLetter(message, 'arn:main');
  }

  /** Of some, each worker dies before it can say so: then it is SQS that moves it. */
  sendPoison(body: string, killsWorkers: boolean): void {
    this.poisoned.add(body);
    this.sendRaw(body, 'poison', killsWorkers ? this.queues.dead : this.queues.main);
  }

  /** Whatever names no instruction has come to be known as that. */
  checkPoison(): void {
    for (const body of this.poisoned) {
      if (this.options.state.deadLetters.get(poisonIdOf(body))?.isPoison) continue;
      this.violate(`${body} was sent, and is not known as poison`);
    }
  }

  private sendRaw(body: string, groupId: string, queue = this.queues.main): void {
    this.lastId += 1;
    queue.send({
      body,
      attributes: {},
      groupId,
      deduplicationId: `again ${this.lastId}`,
      senderId: 'simulation',
    });
  }

  /** Nobody works: what should happen next depends on what lies in the queues alone. */
  get isAtRest(): boolean {
    for (const process of this.alive) if (!process.isAlive) this.alive.delete(process);
    return this.alive.size === 0;
  }

  /** Its message may be acknowledged from now on: the relay sends the next. */
  noteParked(instructionId: string): void {
    this.arrived.delete(instructionId);
  }

  /**
   * No message is lost: whatever waits for one, and whose newest one reached the queue, has one in a queue. The relay
   * would make up for a loss in the end; that is no reason to lose any.
   */
  checkMessages(): void {
    const bodies = [...this.queues.main.bodies(), ...this.queues.dead.bodies()].join();
    for (const row of this.options.state.instructions.values()) {
      const waits = ['ready', 'executing', 'dead_lettered'].includes(row.state) && !row.parked;
      if (!waits || this.arrived.get(row.id) !== row.sendNo || bodies.includes(row.id)) continue;
      this.violate(`${row.id} is ${row.state} and has no message in any queue`);
    }
  }

  private readonly ids: Ids = {
    next: (prefix) => {
      this.lastId += 1;
      return `${prefix}_${this.lastId.toString(16).padStart(32, '0')}`;
    },
    random: () => this.options.scheduler.random.next(),
  };

  private start(kind: string): Process {
    this.processes += 1;
    const process = { name: `${kind} ${this.processes}`, isAlive: true };
    this.alive.add(process);
    return process;
  }

  private end(process: Process): void {
    process.isAlive = false;
    this.options.scheduler.onEnd(process);
  }

  private whenEnded(process: Process, callback: () => void): void {
    this.options.scheduler.whenEnded(process, callback);
  }

  private databaseOf(process: Process): Database {
    const { scheduler, faults, database, planted } = this.options;
    const kind = process.name.split(' ')[0];
    return withReplay(
      planted.database(
        {
          execute: (sql, input) => {
            const claimed = this.consumedWatch.violation(process, sql, input);
            if (claimed !== undefined) this.violate(`${claimed} is claimed, and was consumed before`);
            return faults.around(scheduler, process, `${kind}.database.${statementName(sql)}`, () => {
              this.refusedRows.check(sql, input);
              return database.execute(sql, input);
            });
          },
        },
        process,
      ),
    );
  }

  private timeOf(process: Process): Time {
    const { scheduler, faults } = this.options;
    const skew = faults.strikes('clock skew', 0.5) ? (scheduler.random.next() - 0.5) * 20 * 60_000 : 0;
    return {
      now: () => scheduler.clock.now() + skew,
      after: (milliseconds, callback) =>
        scheduler.clock.after(milliseconds, () => {
          if (process.isAlive) callback();
          else if (process.name.startsWith('execute')) callback();
        }),
    };
  }

  private consumedOf(process: Process): ConsumedMessages {
    const { scheduler, faults, state } = this.options;
    const kind = process.name.split(' ')[0];
    return {
      find: (keys) =>
        faults
          .around(
            scheduler,
            process,
            `${kind}.consumed.find`,
            () => new Set(keys.filter((key) => this.consumed.has(key))),
          )
          .catch((error) => {
            this.consumedWatch.excuse(process);
            throw error;
          }),
      record: (keys) =>
        faults.around(scheduler, process, `${kind}.consumed.record`, () => {
          const unprocessed = new Set(keys.filter(() => faults.strikes('partial')));
          for (const key of keys) {
            if (unprocessed.has(key)) continue;
            this.consumed.add(key);
            const [, orderId, operation, id = ''] = key.split('#');
            const row = state.instructions.get(id);
            if (row === undefined || !['succeeded', 'declined', 'cancelled'].includes(row.state)) {
              this.violate(`${id} is recorded as consumed and is ${row?.state ?? 'missing'}`);
            }
            if (row?.orderId !== orderId || operation !== 'charge')
              this.violate(`${key} is recorded as consumed, and there is no such instruction`);
          }
          return unprocessed;
        }),
    };
  }

  private executorEffects(process: Process): ExecutorEffects {
    const { scheduler, faults } = this.options;
    const around = <T>(name: string, effect: () => T) =>
      faults.around(scheduler, process, `execute.${name}`, effect);
    return {
      database: this.databaseOf(process),
      consumed: this.consumedOf(process),
      psps: new Map(this.psps.map((psp) => [psp.name, psp.for(process)])),
      visibility: {
        change: (changes) =>
          around('visibility.change', () => {
            for (const { receiptHandle, seconds } of changes) this.hide(receiptHandle, seconds);
          }),
      },
      deadLetters: {
        send: (deadLetters) =>
          around('deadLetters.send', () => {
            const refused = new Set<number>();
            for (const [index, deadLetter] of deadLetters.entries()) {
              if (faults.strikes('partial')) refused.add(index);
              else
                this.bury(
                  deadLetter.body,
                  deadLetter.groupId,
                  deadLetter.deduplicationId,
                  deadLetter.reason,
                  deadLetter.cycle,
                );
            }
            return refused;
          }),
      },
      time: this.timeOf(process),
      ids: this.ids,
      restoreEpoch: '1',
      log: { orderChanged: () => {}, warn: () => {} },
      meter: unmetered,
    };
  }

  private hide(receiptHandle: string, seconds: number): void {
    try {
      this.queues.main.changeVisibility(receiptHandle, Math.min(43_200, Math.ceil(seconds)));
    } catch {
      // Not held any more: it comes when it comes.
    }
  }

  private bury(
    body: string,
    groupId: string,
    deduplicationId: string,
    reason: string,
    cycle: number | null,
  ): void {
    this.options.scheduler.tell(`dead letter ${nameOf(body)}: ${reason}`);
    const cycleAttribute =
      cycle === null ? {} : { cycle: { DataType: 'Number', StringValue: String(cycle) } };
    this.queues.dead.send({
      body,
      groupId,
      deduplicationId,
      attributes: { reason: { DataType: 'String', StringValue: reason }, ...cycleAttribute },
      senderId: 'execute',
    });
  }

  private senderOf(process: Process): InstructionSender {
    const { scheduler, faults, planted } = this.options;
    const kind = process.name.split(' ')[0];
    return {
      send: (messages) =>
        faults.around(scheduler, process, `${kind}.queue.send`, () => {
          const refused: string[] = [];
          for (const message of messages) {
            if (faults.strikes('partial')) {
              refused.push(message.instructionId);
              continue;
            }
            this.queues.main.send({
              body: instructionMessageBody(message),
              attributes: {},
              groupId: message.paymentOrderId,
              deduplicationId: planted.deduplicationId(
                deduplicationIdOf(message.instructionId, message.sendNumber),
                message.instructionId,
              ),
              senderId: process.name,
            });
            this.arrived.set(message.instructionId, message.sendNumber);
          }
          return refused;
        }),
    };
  }

  private deadLetterQueueOf(process: Process, rests: boolean): DeadLetterQueue {
    const { scheduler, faults } = this.options;
    const { dead, main, mover } = this.queues;
    const held = new Map<string, Message>();
    const around = <T>(name: string, effect: () => T) =>
      faults.around(scheduler, process, `redrive.queue.${name}`, effect);
    return this.options.planted.deadLetterQueue({
      count: () =>
        around('count', () => ({ visible: dead.metrics().visible, held: dead.metrics().inFlight })),
      moveTasks: () =>
        around('moveTasks', () =>
          mover.list('arn:dead').map((task) => ({
            handle: task.handle,
            status: task.status,
            moved: task.moved,
            toMove: task.toMove,
            startedAt: new Date(task.startedAt),
            failure: task.failureReason,
          })),
        ),
      startMove: (rate) =>
        around('startMove', () => {
          scheduler.tell(`${process.name} moves all dead letters back`);
          mover.start('arn:dead', 'arn:main', rate);
        }),
      cancelMove: async () => {},
      receive: (seconds) =>
        around('receive', () =>
          dead.receive(10, seconds).map(({ message, receiptHandle }): ReceivedDeadLetter => {
            held.set(receiptHandle, message);
            const { id: messageId, body, groupId } = message;
            const attributes = Object.fromEntries(
              Object.entries(message.attributes).map(([name, { DataType, StringValue }]) => [
                name,
                { DataType, StringValue },
              ]),
            );
            return { messageId, receiptHandle, body, groupId, attributes };
          }),
        ),
      moveBack: (deadLetters) =>
        around('moveBack', () => {
          for (const deadLetter of deadLetters) {
            const message = held.get(deadLetter.receiptHandle);
            if (message === undefined) continue;
            if (rests) this.checkRest(message);
            main.send({ ...message, deduplicationId: deadLetter.messageId, senderId: process.name });
            if (faults.strikes('partial')) continue;
            try {
              dead.delete(deadLetter.receiptHandle);
            } catch {
              // Held too long: it is in both queues, which the protocol takes.
            }
          }
          return deadLetters;
        }),
      release: (deadLetters) =>
        around('release', () => {
          for (const { receiptHandle } of deadLetters) {
            try {
              dead.changeVisibility(receiptHandle, 0);
            } catch {
              // Visible already.
            }
          }
        }),
    });
  }

  /** By itself, no dead letter goes back from its newest death before its rest is over. */
  private checkRest({ body, attributes }: Message): void {
    const { instructions, deadLetters } = this.options.state;
    const row = [...instructions.values()].find(({ id }) => body.includes(id));
    if (row?.state !== 'dead_lettered' || attributes.cycle?.StringValue !== String(row.cycle)) return;
    const rested = this.options.scheduler.clock.now() - (deadLetters.get(row.id)?.lastSeenAt ?? 0);
    const rest = REST_SECONDS[Math.min(row.cycle, REST_SECONDS.length - 1)] ?? 0;
    if (rested < rest * 1000)
      this.violate(`${row.id} goes back ${rested / 1000} s after it died in cycle ${row.cycle}`);
  }

  violate(what: string): void {
    if (this.violations.includes(what)) return;
    this.violations.push(what);
    this.options.scheduler.tell(`VIOLATION: ${what}`);
  }
}

/** Each statement by the name of what it does: the crash points bear them. */
const STATEMENT_NAMES: ReadonlyMap<string, string> = new Map([
  [ACCEPT.sql, 'accept'],
  [CLAIM_SQL, 'claim'],
  [RECORD_SQL, 'record'],
  [RELAY_SQL, 'relay'],
  [POISON_SQL, 'poison'],
  [PLAN_SQL, 'plan'],
  [REGISTER_SQL, 'register'],
  [MARK_SQL, 'mark'],
]);

function statementName(sql: string): string {
  const name = STATEMENT_NAMES.get(sql);
  if (name === undefined) throw new Error(`a statement without a name: ${sql.slice(0, 100)}`);
  return name;
}

function recordOf(received: Received): SQSRecord {
  const { message, receiptHandle } = received;
  const attributes = Object.entries(message.attributes).map(([name, { DataType, StringValue = '' }]) => [
    name,
    { dataType: DataType, stringValue: StringValue },
  ]);
  return {
    messageId: message.id,
    receiptHandle,
    body: message.body,
    attributes: {
      ...systemAttributesOf(received),
      ...STATIC_ATTRIBUTES,
      ApproximateReceiveCount: String(message.receiveCount),
      MessageGroupId: message.groupId,
    },
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:main',
    awsRegion: 'us-east-1',
  };
}

const STATIC_ATTRIBUTES = { SentTimestamp: '0', SenderId: 'x', ApproximateFirstReceiveTimestamp: '0' };

function nameOf(body: string): string {
  return /ins_0*([0-9a-f]+)/.exec(body)?.[1] ?? body.slice(0, 20);
}
