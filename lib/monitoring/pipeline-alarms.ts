import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { type Alarm, ComparisonOperator, type IAlarmAction, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { MetricName } from '../../domain/observability/metrics.ts';
import type { FunctionContext } from '../function-context.ts';
import { SWEEP_PERIOD } from '../functions/sweep-movements.ts';
import { type WatchedFunctions, watchesOfJobs } from './job-watches.ts';
import {
  LAST_KNOWN_HOLDS,
  OperationalAlarm,
  SILENCE_IS_FINE,
  SILENCE_IS_TROUBLE,
  type Watch,
} from './operational-alarm.ts';
import {
  databaseUtilization,
  FIVE_MINUTES,
  firewallBlocks,
  HOUR,
  MINUTE,
  ownMetric,
} from './watched-metrics.ts';

export interface PipelineAlarmsProps extends FunctionContext {
  readonly api: RestApi;
  readonly functions: WatchedFunctions;
  /** Notified when an alarm begins and when it ends. */
  readonly tells: IAlarmAction;
}

/** More than occasional failures: one request in a hundred at a low rate. */
const SERVER_ERRORS_A_MINUTE = 5;
/** Lambda itself may fail one invocation; three in a minute have another cause. */
const EXECUTION_ERRORS_A_MINUTE = 3;
/** Refused requests, as a share of the stage's rate limit: above it, a client is broken or somebody guesses keys. */
const REFUSED_SHARE = 0.005;

/** Everything that needs a person on call. */
export class PipelineAlarms extends Construct {
  private readonly props: PipelineAlarmsProps;
  readonly all: Alarm[] = [];
  /** Those that indicate a bad version of the code: each rolls back a deployment in progress. */
  readonly ofDeployments: readonly Alarm[];

  constructor(scope: Construct, id: string, props: PipelineAlarmsProps) {
    super(scope, id);
    this.props = props;
    this.watchMoney();
    this.watchEvents();
    this.ofDeployments = [this.watchApiErrors(), this.watchExecutorErrors()];
    this.watchTheApi();
    this.watchTheQueues();
    this.watchTheSchedules();
    for (const watch of watchesOfJobs(props)) this.add(watch);
    this.watchTheDatabase();
  }

  private add(watch: Watch): OperationalAlarm {
    const { config, data, tells } = this.props;
    const alarm = new OperationalAlarm(this, { ...watch, config, data, tells });
    this.all.push(alarm);
    return alarm;
  }

  /** Watches a metric of measure-pipeline, written each minute while the database is not paused. */
  private addGauge(metric: MetricName, watch: Omit<Watch, 'metric' | 'missing'>): void {
    const { name: stage } = this.props.config;
    this.add({ ...watch, metric: ownMetric(stage, metric, Stats.MAXIMUM), missing: LAST_KNOWN_HOLDS });
  }

  private watchMoney(): void {
    this.addGauge('CurrenciesOutOfBalance', {
      runbook: 'trial-balance-broken',
      threshold: 1,
      periods: [1, 1],
      impact:
        'Debits and credits differ in a currency: the books can’t be trusted, and nothing should be paid out of them until the cause is known.',
    });
    this.addGauge('CurrenciesUnallocated', {
      runbook: 'unallocated-funds',
      threshold: 1,
      periods: [1, 1],
      impact:
        'Money came in that belongs to no seller: a buyer may have paid for an order that failed, and is owed a refund.',
    });
    this.addGauge('DiscrepanciesOpen', {
      runbook: 'movements-differ',
      threshold: 1,
      periods: [1, 1],
      impact:
        'A PSP lists money that the books don’t know, or doesn’t list money that they do: a buyer may have paid outside an order, or twice, or a seller may be owed money that never came.',
    });
    this.addGauge('OldestUnknown', {
      runbook: 'money-in-unknown',
      threshold: 900,
      periods: [1, 1],
      impact:
        'For fifteen minutes it has been unknown whether a buyer was charged: the order is neither paid nor failed, and the PSP doesn’t answer look-ups for it.',
    });
    this.addGauge('WaitingForPerson', {
      runbook: 'quarantine-waits',
      threshold: 1,
      periods: [1, 1],
      impact:
        'An order, or an unreadable message, waits for an operator’s decision: until then, its buyer may have been charged without an order that shows it.',
    });
    this.addGauge('OldestOpenOrder', {
      runbook: 'payments-stuck',
      threshold: 1_800,
      periods: [1, 1],
      impact:
        'A payment accepted half an hour ago is neither paid nor failed: its buyer and its seller wait.',
    });
    this.addGauge('CircuitOpen', {
      runbook: 'circuit-open',
      threshold: 1,
      periods: [5, 5],
      impact:
        'A PSP has failed for five minutes: its payments are accepted and wait, and it charges nobody meanwhile.',
    });
  }

  private watchEvents(): void {
    this.add({
      runbook: 'events-failing',
      metric: ownMetric(this.props.config.name, 'EventsFailed', Stats.SUM),
      threshold: 1,
      periods: [3, 5],
      missing: SILENCE_IS_FINE,
      impact:
        'Events of a PSP are refused or can’t be stored for minutes: payments that wait for a buyer or a PSP are noticed only when they are polled, some minutes late.',
    });
    this.addGauge('EventsStopped', {
      runbook: 'events-stopped',
      threshold: 1,
      periods: [3, 3],
      impact:
        'A PSP has sent no event for six hours while payments wait for it: their buyers see the result minutes late, and what happens after a payment is not noticed.',
    });
  }

  private watchApiErrors(): Alarm {
    return this.add({
      runbook: 'api-errors',
      metric: this.props.api.metricServerError({ period: MINUTE, statistic: Stats.SUM }),
      threshold: SERVER_ERRORS_A_MINUTE,
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'The API answers with 5xx errors: buyers see checkouts fail. Payments answered with 202 are safe and continue; a deployment in progress is rolled back automatically.',
    });
  }

  private watchExecutorErrors(): Alarm {
    return this.add({
      runbook: 'executor-errors',
      metric: this.props.functions.executeInstructions.metricErrors({ period: MINUTE, statistic: Stats.SUM }),
      threshold: EXECUTION_ERRORS_A_MINUTE,
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'The executor fails: the payments of a failed batch wait three minutes and are looked up at the PSP before anything is sent, so that none is charged twice. A deployment in progress is rolled back automatically.',
    });
  }

  private watchTheApi(): void {
    const { config, api } = this.props;
    this.add({
      runbook: 'api-slow',
      metric: api.metricLatency({ period: MINUTE, statistic: Stats.percentile(99) }),
      threshold: 3_000,
      periods: [3, 3],
      missing: SILENCE_IS_FINE,
      impact:
        'One request in a hundred takes three seconds or more: checkouts feel broken, and clients time out and retry.',
    });
    this.add({
      runbook: 'api-refusals',
      metric: api.metricClientError({ period: FIVE_MINUTES, statistic: Stats.SUM }),
      threshold: Math.ceil(config.api.rateLimit * FIVE_MINUTES.toSeconds() * REFUSED_SHARE),
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'Many requests are refused (401, 403, 422, 429): a merchant’s release is broken, somebody guesses keys, or traffic exceeds the limits; those buyers can’t check out.',
    });
    if (config.firewall === undefined) return;
    this.add({
      runbook: 'firewall-blocks',
      metric: firewallBlocks(this),
      threshold: 100,
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'The firewall blocks many requests: either an attack, or a merchant whose buyers can’t check out.',
    });
  }

  private watchTheQueues(): void {
    const { data, functions } = this.props;
    const maximum = { period: MINUTE, statistic: Stats.MAXIMUM };
    // The visible messages, since `NumberOfMessagesSent` misses messages that SQS moves.
    const deadLetters = this.add({
      runbook: 'dead-letters-wait',
      metric: data.deadLetterQueue.metricApproximateNumberOfMessagesVisible(maximum),
      threshold: 1,
      periods: [1, 1],
      // An unused queue sends no data after some hours.
      missing: SILENCE_IS_FINE,
      impact:
        'Payments wait in the dead-letter queue: their buyers may have been charged without an order that shows it. The redrive runs automatically.',
    });
    deadLetters.addAlarmAction(new LambdaAction(functions.redriveDeadLetters.live));
    this.add({
      runbook: 'payments-wait-in-queue',
      metric: data.queue.metricApproximateAgeOfOldestMessage(maximum),
      threshold: 300,
      periods: [3, 5],
      missing: SILENCE_IS_FINE,
      impact:
        'Payments wait in the queue for minutes before they are executed: buyers see them as processing.',
    });
    this.add({
      runbook: 'executor-throttled',
      metric: functions.executeInstructions.metricThrottles({ period: FIVE_MINUTES, statistic: Stats.SUM }),
      threshold: 10,
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'Lambda throttles the executor: the account’s concurrency is used up, by this pipeline or by other functions, and payments wait in the queue.',
    });
  }

  private watchTheSchedules(): void {
    const { name: stage } = this.props.config;
    const mustRun = {
      threshold: 1,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: SILENCE_IS_TROUBLE,
    };
    const runsEveryMinute = { ...mustRun, periods: [5, 5] as const };
    this.add({
      ...runsEveryMinute,
      runbook: 'relay-stopped',
      metric: ownMetric(stage, 'RelayRuns', Stats.SUM),
      impact:
        'The relay has not run for five minutes: a payment whose message was lost, or that waits for a PSP to come back, is not sent again.',
    });
    this.add({
      ...runsEveryMinute,
      runbook: 'pipeline-unmeasured',
      metric: ownMetric(stage, 'MeasureRuns', Stats.SUM),
      impact:
        'Trial balance, unknown outcomes and quarantine have not been measured for five minutes: their alarms can’t go off.',
    });
    this.add({
      ...mustRun,
      periods: [6, 6],
      runbook: 'sweep-stopped',
      metric: ownMetric(stage, 'SweepRuns', Stats.SUM).with({ period: SWEEP_PERIOD }),
      impact:
        'For an hour the lists of what PSPs moved have not been read: money that was taken outside an order is not noticed, and dates of payouts are missing. No payment is affected.',
    });
    this.add({
      ...mustRun,
      // Two hours can pass without a run: one falls between two runs, and one run is missed during a deployment.
      periods: [3, 3],
      runbook: 'purge-stopped',
      metric: ownMetric(stage, 'PurgeRuns', Stats.SUM).with({ period: HOUR }),
      impact:
        'No run of the purge has completed for three hours: buyers’ data, evidence and keys that are due are not removed. No payment is affected.',
    });
  }

  private watchTheDatabase(): void {
    const { config, data } = this.props;
    this.add({
      runbook: 'database-failing',
      metric: ownMetric(config.name, 'StatementsFailed', Stats.SUM),
      threshold: 5,
      periods: [2, 3],
      missing: SILENCE_IS_FINE,
      impact:
        'Database statements fail or get no answer: the API refuses new payments with 503, and accepted payments wait.',
    });
    this.add({
      runbook: 'database-at-capacity',
      metric: databaseUtilization(data.database.clusterIdentifier),
      threshold: 90,
      periods: [10, 15],
      missing: SILENCE_IS_FINE,
      impact:
        'The database has used nearly all of its maximum capacity for ten minutes: payments get slower, and soon some are refused.',
    });
  }
}
