import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  SingleValueWidget,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { FunctionContext } from '../function-context.ts';
import { databaseUtilization, MINUTE, ownMetric } from './watched-metrics.ts';

export interface ShiftDashboardProps extends FunctionContext {
  readonly api: RestApi;
  readonly executeInstructions: IFunction;
  readonly alarms: readonly Alarm[];
}

const ROW = 24;

/** The dashboard of the person on call: the alarms, then money, then a payment's steps from the API to the ledger. */
export class ShiftDashboard extends Dashboard {
  constructor(scope: Construct, id: string, props: ShiftDashboardProps) {
    super(scope, id, { dashboardName: `${props.data.namePrefix}shift` });
    this.addWidgets(
      new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: ROW, height: 4 }),
    );
    this.showMoney(props);
    this.showPayments(props);
    this.showTheWay(props);
  }

  private showMoney({ config: { name: stage } }: ShiftDashboardProps): void {
    this.addWidgets(
      new SingleValueWidget({
        title: 'Now',
        width: ROW,
        metrics: [
          ownMetric(stage, 'CurrenciesOutOfBalance', Stats.MAXIMUM),
          ownMetric(stage, 'CurrenciesUnallocated', Stats.MAXIMUM),
          ownMetric(stage, 'DiscrepanciesOpen', Stats.MAXIMUM),
          ownMetric(stage, 'OrdersUnknown', Stats.MAXIMUM),
          ownMetric(stage, 'WaitingForPerson', Stats.MAXIMUM),
          ownMetric(stage, 'OrdersOpen', Stats.MAXIMUM),
          ownMetric(stage, 'PausesInForce', Stats.MAXIMUM),
        ],
      }),
    );
  }

  private showPayments({ config: { name: stage } }: ShiftDashboardProps): void {
    this.addWidgets(
      graph('Orders', [
        ownMetric(stage, 'OrdersAccepted', Stats.SUM),
        ownMetric(stage, 'OrdersSucceeded', Stats.SUM),
        ownMetric(stage, 'OrdersFailed', Stats.SUM),
        ownMetric(stage, 'OutcomesUnknown', Stats.SUM),
      ]),
      graph('Milliseconds to SUCCESS or FAILED', [
        ownMetric(stage, 'TimeToTerminal', Stats.percentile(50)),
        ownMetric(stage, 'TimeToTerminal', Stats.percentile(99)),
      ]),
      graph('Age in seconds: unknown, open, in quarantine', [
        ownMetric(stage, 'OldestUnknown', Stats.MAXIMUM),
        ownMetric(stage, 'OldestOpenOrder', Stats.MAXIMUM),
        ownMetric(stage, 'LongestWaitForPerson', Stats.MAXIMUM),
      ]),
    );
  }

  private showTheWay({ config: { name: stage }, data, api, executeInstructions }: ShiftDashboardProps): void {
    const maximum = { period: MINUTE, statistic: Stats.MAXIMUM };
    this.addWidgets(
      graph('API: requests, 4xx, 5xx', [
        api.metricCount({ period: MINUTE }),
        api.metricClientError({ period: MINUTE }),
        api.metricServerError({ period: MINUTE }),
      ]),
      graph('API: milliseconds', [
        api.metricLatency({ period: MINUTE, statistic: Stats.percentile(50) }),
        api.metricLatency({ period: MINUTE, statistic: Stats.percentile(99) }),
      ]),
      graph('Queue: age in seconds, dead letters', [
        data.queue.metricApproximateAgeOfOldestMessage(maximum),
        data.deadLetterQueue.metricApproximateNumberOfMessagesVisible(maximum),
      ]),
    );
    this.addWidgets(
      graph('Executor: errors, throttles', [
        executeInstructions.metricErrors({ period: MINUTE }),
        executeInstructions.metricThrottles({ period: MINUTE }),
      ]),
      graph('Batches: messages, duplicates, parked, sent again', [
        ownMetric(stage, 'BatchFill', Stats.AVERAGE),
        ownMetric(stage, 'ConsumedRecordHits', Stats.SUM),
        ownMetric(stage, 'InstructionsParked', Stats.SUM),
        ownMetric(stage, 'InstructionsRelayed', Stats.SUM),
      ]),
      graph('Database: failed statements, capacity in per cent', [
        ownMetric(stage, 'StatementsFailed', Stats.SUM),
        databaseUtilization(data.database.clusterIdentifier),
      ]),
    );
  }
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: ROW / 3, height: 6, period: MINUTE });
}
