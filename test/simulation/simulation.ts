import type { Database } from '../../adapters/database/database.ts';
import type { OperationAbilities } from '../../domain/payment/psp-abilities.ts';
import { ConsumedCheck } from './checks/consumed-check.ts';
import { EventCheck } from './checks/event-check.ts';
import { checkInvariants } from './checks/invariants.ts';
import { MessageCheck } from './checks/message-check.ts';
import { StateCheck } from './checks/state-check.ts';
import { type AnsweredWake, WakeCheck } from './checks/wake-check.ts';
import type { Context } from './context.ts';
import { DeadLetterAlarm } from './dead-letter-alarm.ts';
import type { Faults } from './faults.ts';
import { invokeAccept } from './functions/accept-function.ts';
import { ExecuteFunction } from './functions/execute-function.ts';
import { invokeReturn, receiver } from './functions/receive-function.ts';
import { invokeRedrive, type RedriveActor } from './functions/redrive-function.ts';
import { invokeRelay } from './functions/relay-function.ts';
import { Interference } from './interference.ts';
import type { ModelState } from './model/state.ts';
import type { Planted } from './planted/planted.ts';
import { Processes } from './processes.ts';
import type { Scheduler } from './scheduler.ts';
import { ConsumedTable } from './services/consumed-table.ts';
import { SimulatedDeadLetterQueue } from './services/dead-letter-queue.ts';
import { SimulatedInstructionQueue } from './services/instruction-queue.ts';
import { Parents } from './services/parents.ts';
import { PspEvents } from './services/psp-events.ts';
import { Queues } from './services/queues.ts';
import type { Services } from './services/services.ts';
import { SimulatedDatabase } from './services/simulated-database.ts';
import { SimulatedIds } from './services/simulated-ids.ts';
import {
  type BrokenPromises,
  type BuyerRules,
  type DeclaredRate,
  SimulatedPsp,
} from './services/simulated-psp.ts';
import { Violations } from './violations.ts';

/** From the PSP's page to ours. */
const SLOWEST_RETURN_MS = 5_000;

export interface SimulationOptions extends BrokenPromises, BuyerRules, DeclaredRate {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly database: Database;
  readonly state: ModelState;
  /** By name. */
  readonly psps: Readonly<Record<string, OperationAbilities>>;
  readonly redeliversAtOnce: boolean;
  /** The share of the orders whose charge comes after other instructions. */
  readonly ordersWithParents: number;
  /** In place of their charges. No version carries a capture out yet: it ends cancelled, or for a person. */
  readonly captures?: boolean;
  readonly planted: Planted;
}

/** The pipeline of the real handlers on simulated services. Whoever drives it decides what happens, and when. */
export class Simulation {
  readonly services: Services;
  readonly violations: Violations;
  readonly interference: Interference;
  private readonly context: Context;
  private readonly executor: ExecuteFunction;
  private readonly alarm: DeadLetterAlarm;
  private readonly parents: Parents;
  private readonly messageCheck: MessageCheck;
  private readonly stateCheck: StateCheck;
  private readonly eventCheck: EventCheck;
  private readonly wakeCheck: WakeCheck;

  constructor(options: SimulationOptions) {
    const { scheduler, faults, database, state, planted } = options;
    this.violations = new Violations(scheduler);
    this.parents = new Parents(scheduler.random, options.ordersWithParents, options.captures ?? false);
    const processes = new Processes(scheduler);
    const ids = new SimulatedIds(scheduler.random);
    const context = {
      scheduler,
      faults,
      processes,
      violations: this.violations,
      database: this.parents.storedBy(database),
      state,
      ids,
      planted,
    };
    const queues = new Queues(scheduler.clock);
    const consumedCheck = new ConsumedCheck(this.violations, state);
    this.context = context;
    this.messageCheck = new MessageCheck(this.violations, state, queues);
    this.stateCheck = new StateCheck(this.violations, state, scheduler, faults, (name, key) =>
      this.services.psps.find((psp) => psp.name === name)?.objectOf(key),
    );
    this.eventCheck = new EventCheck(this.violations, state, scheduler);
    this.wakeCheck = new WakeCheck(state, scheduler);
    const deliver = receiver(context, () => this.services, this.eventCheck);
    const names = Object.keys(options.psps);
    this.services = {
      queues,
      database: new SimulatedDatabase(context, consumedCheck),
      consumed: new ConsumedTable(context, consumedCheck),
      instructionQueue: new SimulatedInstructionQueue(context, queues, this.messageCheck),
      deadLetterQueue: new SimulatedDeadLetterQueue(context, queues),
      psps: Object.entries(options.psps).map(([name, abilities]) => {
        const others = names.filter((other) => other !== name);
        const events = new PspEvents(name, others, context, deliver);
        return new SimulatedPsp(name, abilities, options, context, events, (orderId) =>
          this.onReturn(orderId),
        );
      }),
    };
    this.executor = new ExecuteFunction(context, this.services, consumedCheck, options.redeliversAtOnce);
    this.alarm = new DeadLetterAlarm(queues, () => this.onAlarm());
    this.interference = new Interference(context, queues, ids);
  }

  accept(method: string, orders: number): void {
    invokeAccept(this.context, this.services, this.parents, method, orders);
  }

  /** @returns whether there was a batch for an executor */
  deliver(): boolean {
    return this.executor.deliver();
  }

  /** Executors at work. */
  get running(): number {
    return this.executor.running;
  }

  get answeredWakes(): readonly AnsweredWake[] {
    return this.wakeCheck.answered;
  }

  relay(): void {
    invokeRelay(this.context, this.services);
  }

  redrive(actor: RedriveActor): void {
    invokeRedrive(this.context, this.services, actor);
  }

  evaluateAlarm(): void {
    this.alarm.evaluate();
  }

  /** The PSP sends the buyer back to us: at once or slowly, once or twice, or the buyer closes the page. */
  private onReturn(orderId: string): void {
    const { faults, scheduler } = this.context;
    if (faults.strikes('buyer closes the page', 3)) return;
    const times = faults.strikes('buyer returns twice', 3) ? 2 : 1;
    for (let time = 0; time < times; time += 1)
      scheduler.clock.after(scheduler.random.below(SLOWEST_RETURN_MS), () =>
        invokeReturn(this.context, this.services, orderId),
      );
  }

  private onAlarm(): void {
    this.redrive('alarm');
    if (this.context.faults.strikes('alarm fires twice', 5)) this.redrive('alarm');
  }

  /** What must hold after every step. */
  checkStep(): void {
    const { scheduler, processes, state } = this.context;
    if (!scheduler.hasSteps && processes.areAtRest) this.messageCheck.check();
    for (const row of state.instructions.values()) if (row.parked) this.messageCheck.noteParked(row.id);
    this.stateCheck.check();
    this.wakeCheck.check();
  }

  /** What must hold when everything has come to its end. */
  checkEnd(): void {
    for (const psp of this.services.psps) psp.finish();
    for (const violation of checkInvariants(this.context.state, this.services.psps))
      this.violations.add(violation);
    this.interference.checkPoison();
    this.eventCheck.checkEnd();
  }
}
