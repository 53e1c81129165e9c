import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { AlarmStatus } from '../../local/alarms/alarms.ts';
import type { MetricName } from '../../local/alarms/metrics.ts';
import type { Notification } from '../../local/alarms/notifications.ts';
import type { Endpoints } from '../../local/endpoints.ts';
import { choosePorts } from '../../local/ports.ts';
import { type RunningRuntime, startRuntime } from '../../local/runtime.ts';
import { SteppedClock } from './stepped-clock.ts';

const MINUTE_MS = 60_000;

/**
 * The whole runtime in this process, with a clock that the test moves on, minute by minute: queues, schedules, alarms,
 * the PSPs' and the database's. Half an hour takes seconds.
 */
export class SteppedRuntime {
  readonly endpoints: Endpoints;
  readonly directory: string;
  /** The superuser's connection. */
  readonly database: pg.Client;
  private readonly runtime: RunningRuntime;
  private readonly lines: readonly string[];
  private readonly clock: SteppedClock;
  /** By how much the database's clock is ahead of all others, in milliseconds. */
  private databaseAhead = 0;

  private constructor(
    runtime: RunningRuntime,
    directory: string,
    clock: SteppedClock,
    lines: readonly string[],
  ) {
    this.runtime = runtime;
    this.directory = directory;
    this.clock = clock;
    this.lines = lines;
    this.endpoints = runtime.endpoints;
    this.database = new pg.Client(runtime.endpoints.postgres);
  }

  static async start(stage: string): Promise<SteppedRuntime> {
    const directory = mkdtempSync(join(tmpdir(), 'oncepay-stepped-'));
    const clock = new SteppedClock();
    const lines: string[] = [];
    const onFunctionLine = (line: string) => void lines.push(line);
    const runtime = await startRuntime({ directory, stage, ports: choosePorts(0), clock, onFunctionLine });
    const stepped = new SteppedRuntime(runtime, directory, clock, lines);
    await stepped.database.connect();
    await stepped.database.query(`
      create table stepped_clock as select interval '0' as ahead;
      grant select on stepped_clock to public;
      create or replace function clock() returns timestamptz language sql volatile parallel safe as
        'select clock_timestamp() + ahead from public.stepped_clock'`);
    return stepped;
  }

  /** To the next minute. The pipeline was measured in the one that ends. */
  async minute(): Promise<void> {
    // All that the function writes comes before its answer.
    await this.runSchedule('measure-pipeline');
    await this.step();
  }

  /** To the beginning of the next minute, at once. */
  async step(): Promise<void> {
    await this.advance(MINUTE_MS - (this.clock.now() % MINUTE_MS));
  }

  /** The database's clock goes first: nothing that falls due finds it behind. */
  async advance(milliseconds: number): Promise<void> {
    await this.setDatabase(this.clock.ahead + milliseconds);
    this.clock.advance(milliseconds);
  }

  /** The database's clock alone: from now on it is ahead of the PSPs' and the queues'. */
  async advanceDatabase(milliseconds: number): Promise<void> {
    this.databaseAhead += milliseconds;
    await this.setDatabase(this.clock.ahead);
  }

  /** @param service the function's folder in `lambdas/` */
  failedInvocations(service: string): number {
    return this.lines.filter((line) => line.includes('"invocation failed"') && line.includes(`"${service}"`))
      .length;
  }

  async runSchedule(functionName: string): Promise<void> {
    if (!(await this.control({ run_schedule: functionName })))
      throw new Error(`${functionName} has no schedule`);
  }

  /** @returns whether there was anything to do it to */
  async control(command: object): Promise<boolean> {
    const body = JSON.stringify(command);
    const response = await fetch(`${this.endpoints.runtime}/control`, { method: 'POST', body });
    const { done, error } = (await response.json()) as { done?: boolean; error?: string };
    if (done === undefined) throw new Error(`the runtime did not understand ${body}: ${error}`);
    return done;
  }

  async controlPsp(change: object): Promise<void> {
    const body = JSON.stringify(change);
    const response = await fetch(`${this.endpoints.psp}/control`, { method: 'POST', body });
    if (!response.ok) throw new Error(`the PSP did not do ${body}: ${await response.text()}`);
  }

  /** A datapoint of now, as a service puts it that isn't on this machine. */
  async putMetric(metric: MetricName, value: number): Promise<void> {
    const body = JSON.stringify({ ...metric, value });
    const response = await fetch(`${this.endpoints.runtime}/metrics`, { method: 'POST', body });
    if (!response.ok) throw new Error(await response.text());
  }

  async alarms(): Promise<readonly AlarmStatus[]> {
    const response = await fetch(`${this.endpoints.runtime}/alarms`);
    return ((await response.json()) as { alarms: AlarmStatus[] }).alarms;
  }

  async notifications(): Promise<readonly Notification[]> {
    const response = await fetch(`${this.endpoints.runtime}/notifications`);
    return ((await response.json()) as { notifications: Notification[] }).notifications;
  }

  async dispose(): Promise<void> {
    await this.database.end();
    await this.runtime.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async setDatabase(ahead: number): Promise<void> {
    const seconds = (ahead + this.databaseAhead) / 1_000;
    await this.database.query('update stepped_clock set ahead = make_interval(secs => $1)', [seconds]);
  }
}
