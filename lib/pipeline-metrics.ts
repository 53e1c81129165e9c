import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricName } from '../domain/observability/metrics.ts';
import type { DataStack } from './data-stack.ts';
import { MINUTE, ownMetric } from './monitoring/watched-metrics.ts';
import type { PipelineStack } from './pipeline-stack.ts';

const EVERY_MINUTE = { period: MINUTE };

/** Metrics of a pipeline, for the dashboards and alarms of the team that deploys it. */
export class PipelineMetrics {
  private readonly name: string;
  private readonly data: DataStack;
  private readonly pipeline: PipelineStack;

  constructor(name: string, data: DataStack, pipeline: PipelineStack) {
    this.name = name;
    this.data = data;
    this.pipeline = pipeline;
  }

  /** How many dead letters wait; `NumberOfMessagesSent` would miss those that SQS moved. */
  deadLetters(): Metric {
    const { deadLetterQueue } = this.data;
    return deadLetterQueue.metricApproximateNumberOfMessagesVisible({
      ...EVERY_MINUTE,
      statistic: Stats.MAXIMUM,
    });
  }

  /** In seconds: how far the executor is behind. */
  queueAge(): Metric {
    return this.data.queue.metricApproximateAgeOfOldestMessage({ ...EVERY_MINUTE, statistic: Stats.MAXIMUM });
  }

  /** 5xx answers. */
  serverErrors(): Metric {
    return this.pipeline.api.metricServerError({ ...EVERY_MINUTE, statistic: Stats.SUM });
  }

  /** In milliseconds, as callers see it without their network. */
  apiLatency(statistic: string = Stats.percentile(99)): Metric {
    return this.pipeline.api.metricLatency({ ...EVERY_MINUTE, statistic });
  }

  /** A metric that the functions write, in the namespace `Oncepay`, of this stage. */
  own(
    metricName: MetricName,
    statistic: string = Stats.SUM,
    dimensions: Readonly<Record<string, string>> = {},
  ): Metric {
    return ownMetric(this.name, metricName, statistic, dimensions);
  }
}
