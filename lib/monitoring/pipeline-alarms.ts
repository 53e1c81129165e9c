import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { type Alarm, ComparisonOperator, type IAlarmAction, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { MetricName } from '../../domain/observability/metrics.ts';
import type { FunctionContext } from '../function-context.ts';
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
  /** Who is told when an alarm begins, and when it ends. */
  readonly tells: IAlarmAction;
}

/** More than a caller's bad luck in a minute: one in a hundred at the least rate that a stage is worth having for. */
const SERVER_ERRORS_A_MINUTE = 5;
/** One execution may die by Lambda's own doing; three in a minute do not. */
const EXECUTION_ERRORS_A_MINUTE = 3;
/** Requests refused, as a share of all that the stage takes: above it somebody is trying things out, or is broken. */
const REFUSED_SHARE = 0.005;

/** Everything that somebody should be woken for. */
export class PipelineAlarms extends Construct {
  private readonly props: PipelineAlarmsProps;
  readonly all: Alarm[] = [];
  /** Those that tell a bad version of the code: a deployment under way goes back when one of them goes off. */
  readonly ofDeployments: readonly Alarm[];

  constructor(scope: Construct, id: string, props: PipelineAlarmsProps) {
    super(scope, id);
    this.props = props;
    this.watchMoney();
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

  /** Of what measure-pipeline finds, each minute while the database is awake. */
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
        'Debits and credits differ in a currency: the books can’t be trusted, and nothing should be paid out of them until it is known why.',
    });
    this.addGauge('OldestUnknown', {
      runbook: 'money-in-unknown',
      threshold: 900,
      periods: [1, 1],
      impact:
        'For a quarter of an hour nobody knows whether a buyer was charged: his order is neither paid nor failed, and the PSP doesn’t answer for it.',
    });
    this.addGauge('WaitingForPerson', {
      runbook: 'quarantine-waits',
      threshold: 1,
      periods: [1, 1],
      impact:
        'An order, or a message that nobody can read, waits for a person: its buyer may have been charged without an order that says so, until somebody decides.',
    });
    this.addGauge('OldestOpenOrder', {
      runbook: 'payments-stuck',
      threshold: 1_800,
      periods: [1, 1],
      impact:
        'A payment that was accepted half an hour ago is neither paid nor failed: its buyer and its seller wait.',
    });
    this.addGauge('CircuitOpen', {
      runbook: 'circuit-open',
      threshold: 1,
      periods: [5, 5],
      impact:
        'A PSP has failed for five minutes: payments by it are accepted and wait, and nobody is charged by it meanwhile.',
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
        'The API answers with errors of its own: buyers see checkouts fail. What was answered 202 is safe and goes on; a deployment under way is rolled back by itself.',
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
        'Executions of instructions die: their payments wait three minutes each time, and are asked about before they go on, not charged twice. A deployment under way is rolled back by itself.',
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
        'One request in a hundred takes three seconds or more: checkouts feel broken, and clients give up and send again.',
    });
    this.add({
      runbook: 'api-refusals',
      metric: api.metricClientError({ period: FIVE_MINUTES, statistic: Stats.SUM }),
      threshold: Math.ceil(config.api.rateLimit * FIVE_MINUTES.toSeconds() * REFUSED_SHARE),
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'Many requests are refused (401, 403, 422, 429): a merchant’s release is broken, somebody tries keys, or traffic exceeds the limits; those buyers can’t check out.',
    });
    if (config.firewall === undefined) return;
    this.add({
      runbook: 'firewall-blocks',
      metric: firewallBlocks(this),
      threshold: 100,
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'The firewall refuses many requests: an attack that it holds off, or a merchant that it takes for one, whose buyers can’t check out.',
    });
  }

  private watchTheQueues(): void {
    const { data, functions } = this.props;
    const maximum = { period: MINUTE, statistic: Stats.MAXIMUM };
    // The visible messages, since `NumberOfMessagesSent` misses what SQS moves by itself.
    const deadLetters = this.add({
      runbook: 'dead-letters-wait',
      metric: data.deadLetterQueue.metricApproximateNumberOfMessagesVisible(maximum),
      threshold: 1,
      periods: [1, 1],
      // A queue that nobody used for hours sends no data.
      missing: SILENCE_IS_FINE,
      impact:
        'Payments wait in the dead-letter queue: their buyers may have been charged without an order that says so. Redrive runs by itself.',
    });
    deadLetters.addAlarmAction(new LambdaAction(functions.redriveDeadLetters.live));
    this.add({
      runbook: 'payments-wait-in-queue',
      metric: data.queue.metricApproximateAgeOfOldestMessage(maximum),
      threshold: 300,
      periods: [3, 5],
      missing: SILENCE_IS_FINE,
      impact:
        'Payments wait in the queue for minutes before anybody executes them: buyers see them as processing.',
    });
    this.add({
      runbook: 'executor-throttled',
      metric: functions.executeInstructions.metricThrottles({ period: FIVE_MINUTES, statistic: Stats.SUM }),
      threshold: 10,
      periods: [1, 1],
      missing: SILENCE_IS_FINE,
      impact:
        'Lambda refuses to run the executor: the account’s concurrency is used up, by us or by a neighbour, and payments wait in the queue.',
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
        'Trial balance, unknown money and quarantine have not been measured for five minutes: their alarms would not go off.',
    });
    this.add({
      ...mustRun,
      // Of two hours, one may fall between two runs, and one be missed while a deployment is under way.
      periods: [3, 3],
      runbook: 'purge-stopped',
      metric: ownMetric(stage, 'PurgeRuns', Stats.SUM).with({ period: HOUR }),
      impact:
        'The purge has not come to the end of a run for three hours: buyers’ data, evidence and keys that are due are not removed. No payment is affected.',
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
        'Database statements fail or get no answer: payments are refused at the door with 503, and those on their way wait.',
    });
    this.add({
      runbook: 'database-at-capacity',
      metric: databaseUtilization(data.database.clusterIdentifier),
      threshold: 90,
      periods: [10, 15],
      missing: SILENCE_IS_FINE,
      impact:
        'The database has used nearly all of its largest capacity for ten minutes: payments get slower, and soon some are refused.',
    });
  }
}
