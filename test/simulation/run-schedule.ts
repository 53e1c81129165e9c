import type { Database } from '../../adapters/database/database.ts';
import type { OperationAbilities } from '../../domain/payment/psp-abilities.ts';
import { openInstructions } from './checks/invariants.ts';
import type { AnsweredWake } from './checks/wake-check.ts';
import { FAULT_KINDS, type FaultKind, Faults, type PlacedFault } from './faults.ts';
import { ModelDatabase } from './model/model-database.ts';
import { relayDueAt } from './model/state.ts';
import { NOTHING_PLANTED, type Planted } from './planted/planted.ts';
import { Random } from './random.ts';
import { Scheduler, settle } from './scheduler.ts';
import { abilitiesOf } from './services/abilities.ts';
import { Simulation } from './simulation.ts';

export interface ScheduleOptions {
  readonly seed: number;
  readonly faults?: ReadonlySet<FaultKind>;
  readonly placed?: readonly PlacedFault[];
  /** Faults by chance, for each chance. */
  readonly rate?: number;
  readonly payments?: number;
  /** A worker that died gives its messages back at once, rather than when their visibility ends. */
  readonly redeliversAtOnce?: boolean;
  /** The share of the orders whose charge comes after other instructions; a tenth unless told. */
  readonly ordersWithParents?: number;
  /** These orders are captured in place of being charged. */
  readonly captures?: boolean;
  /** Some orders wait for their buyer or the PSP, as they do unless told. */
  readonly letsOrdersWait?: boolean;
  /** The buyer's approval charges nothing: our confirmation does. So it is in a third of the schedules unless told. */
  readonly needsConfirmation?: boolean;
  /** By then all must have come to its end. */
  readonly limitSeconds?: number;
  readonly abilities?: OperationAbilities;
  readonly breaksDeduplication?: boolean;
  readonly breaksTimes?: boolean;
  readonly planted?: Planted;
  /** A second database that must answer everything as the model does. */
  readonly beside?: (model: ModelDatabase, scheduler: Scheduler) => Database;
}

export interface ScheduleResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly story: readonly string[];
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly effects: ReadonlyMap<string, number>;
  /** Of instructions at the end. */
  readonly states: ReadonlyMap<string, number>;
  readonly placedFaults: number;
  readonly virtualSeconds: number;
  /** Events and buyers' returns, and the look-ups that followed. */
  readonly answeredWakes: readonly AnsweredWake[];
}

const START = Date.parse('2026-01-01T00:00:00Z');
/** Workers at once. */
const WORKERS = 3;
/** Where a rate is declared: fewer than a batch makes at once. */
const CALLS_PER_SECOND = 2;
/** By then every retry, rest and re-send has had its turn many times. */
const LIMIT_SECONDS = 10 * 24 * 3600;
/** Of one schedule; a livelock is a violation too. */
const STEP_LIMIT = 200_000;

/** Runs one schedule from its seed: the same seed, the same story. */
export async function runSchedule(options: ScheduleOptions): Promise<ScheduleResult> {
  const run = new Run(options);
  await run.play();
  return run.result();
}

class Run {
  private readonly options: ScheduleOptions;
  private readonly random: Random;
  private readonly scheduler: Scheduler;
  private readonly faults: Faults;
  private readonly model: ModelDatabase;
  private readonly simulation: Simulation;
  /** After this, nothing goes wrong any more, and everything must come to its end. */
  private readonly calmAfterSeconds: number;
  private steps = 0;
  private nextMinute = 0;
  private minutes = 0;

  constructor(options: ScheduleOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.scheduler = new Scheduler(this.random, START);
    const { faults: kinds = new Set(FAULT_KINDS), placed = [], rate = 0.04 } = options;
    this.faults = new Faults({ kinds, placed, rate: rate * (0.2 + 2 * this.random.next()) }, this.random);
    this.model = new ModelDatabase(() => this.scheduler.clock.now());
    const abilities = options.abilities ?? abilitiesOf(options.seed);
    // Where there is a look-up, asking first must do without the PSP's help.
    const breaksDeduplication =
      options.breaksDeduplication ??
      (abilities.lookUpLagSeconds !== null && ((options.seed >>> 5) & 1) === 1);
    // Where the PSP deduplicates, that must do without its being on time.
    const mayBreakTimes = abilities.keyLifetimeSeconds !== null && !breaksDeduplication;
    this.simulation = new Simulation({
      scheduler: this.scheduler,
      faults: this.faults,
      database: options.beside?.(this.model, this.scheduler) ?? this.model,
      state: this.model.state,
      psps: { simulator: abilities, simulator_2: abilities },
      breaksDeduplication,
      breaksTimes: options.breaksTimes ?? (mayBreakTimes && ((options.seed >>> 7) & 1) === 1),
      letsOrdersWait: options.letsOrdersWait ?? true,
      needsConfirmation: options.needsConfirmation ?? options.seed % 3 === 0,
      callsPerSecond: options.seed % 4 === 1 ? CALLS_PER_SECOND : undefined,
      redeliversAtOnce: options.redeliversAtOnce ?? false,
      ordersWithParents: options.ordersWithParents ?? 0.1,
      captures: options.captures ?? false,
      planted: options.planted ?? NOTHING_PLANTED,
    });
    this.calmAfterSeconds = 60 + this.random.below(this.random.chance(0.2) ? 7_200 : 1_500);
  }

  async play(): Promise<void> {
    const payments = this.options.payments ?? 1 + this.random.below(4);
    for (let payment = 0; payment < payments; payment += 1) {
      const delay = this.random.chance(0.5) ? 0 : this.random.below(120_000);
      this.scheduler.clock.after(delay, () =>
        this.simulation.accept(this.random.pick(['sim_ok', 'sim_ok', 'sim2_ok']), 1 + this.random.below(3)),
      );
    }
    await this.scheduler.moveTime(0);
    while (!this.isDone()) {
      await this.act();
      this.simulation.checkStep();
    }
    this.simulation.checkEnd();
  }

  result(): ScheduleResult {
    const states = new Map<string, number>();
    for (const { state } of this.model.state.instructions.values()) {
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    return {
      seed: this.options.seed,
      violations: this.simulation.violations.found,
      story: this.scheduler.story,
      faults: this.faults.counts,
      effects: this.faults.effects,
      states,
      placedFaults: this.faults.placedCount,
      virtualSeconds: this.scheduler.elapsedSeconds,
      answeredWakes: this.simulation.answeredWakes,
    };
  }

  private isDone(): boolean {
    if (this.simulation.violations.found.length > 0) return true;
    this.steps += 1;
    const { limitSeconds = LIMIT_SECONDS } = this.options;
    const isLate = this.scheduler.elapsedSeconds > limitSeconds || this.steps > STEP_LIMIT;
    const rows = openInstructions(this.model.state);
    if (isLate) {
      for (const row of rows)
        this.simulation.violations.add(`${row.id} never came to its end: ${row.state}, ${row.reason}`);
      if (rows.length === 0) this.simulation.violations.add('the queues never became empty');
      return true;
    }
    if (this.scheduler.elapsedSeconds < this.calmAfterSeconds) return false;
    this.faults.isOver = true;
    if (rows.length > 0 || this.scheduler.hasSteps || this.simulation.running > 0) return false;
    const { main, dead } = this.simulation.services.queues;
    const left = [main, dead].reduce(
      (sum, queue) => sum + queue.metrics().visible + queue.metrics().inFlight,
      0,
    );
    return left === 0;
  }

  /** One choice of the scheduler. */
  private async act(): Promise<void> {
    const { scheduler, random, simulation } = this;
    if (scheduler.hasSteps && !random.chance(0.03)) return scheduler.advance();
    if (simulation.running < WORKERS && random.chance(0.7) && simulation.deliver()) return settle();
    await this.passTime();
  }

  private async passTime(): Promise<void> {
    const { scheduler, random, simulation } = this;
    const isBusy = scheduler.hasSteps || simulation.running > 0;
    const milliseconds = isBusy
      ? random.pick([10, 200, 1_000, 3_000, 12_000])
      : random.pick([100, 1_000, 5_000, 20_000, 60_000]);
    if (scheduler.hasSteps) await scheduler.moveTime(milliseconds);
    else await scheduler.moveTimeUntilStep(milliseconds);
    while (scheduler.elapsedSeconds >= this.nextMinute) this.everyMinute();
  }

  /** A relay that finds nothing only takes time: schedules in which all wait for a day would consist of little else. */
  private relayHasWork(): boolean {
    const { instructions, events } = this.model.state;
    const now = this.scheduler.clock.now();
    return (
      [...instructions.values()].some(
        (row) => row.waitsFor !== null || (relayDueAt(row) ?? now + 1) <= now,
      ) || [...events.values()].some(({ state }) => state === 'early')
    );
  }

  /** The schedules of the stack, and what may happen at any time. */
  private everyMinute(): void {
    const { simulation, faults, random, model } = this;
    this.nextMinute += 60;
    this.minutes += 1;
    if (this.relayHasWork()) simulation.relay();
    simulation.evaluateAlarm();
    if (this.minutes % 5 === 0) simulation.redrive('schedule');
    if (faults.strikes('receives used up', 0.5)) simulation.interference.moveToDeadLetters();
    if (faults.strikes('operator redrives', 0.5)) simulation.redrive('operator');
    if (faults.strikes('move task by hand', 0.3)) simulation.interference.moveAllByHand();
    for (const psp of simulation.services.psps) {
      if (faults.strikes('credential changes', 0.5)) psp.rotateCredential();
      if (faults.strikes('event unknown', 0.3)) psp.events.tellUnknown();
    }
    if (faults.strikes('late duplicate')) {
      const rows = [...model.state.instructions.values()];
      if (rows.length > 0) {
        const row = random.pick(rows);
        simulation.interference.sendAgain(row);
      }
    }
    if (faults.strikes('poison', 0.3)) {
      const body = simulation.interference.pickPoison();
      simulation.interference.sendPoison(body, faults.strikes('receives used up', 3));
    }
  }
}
