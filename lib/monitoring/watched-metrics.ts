import { Duration, Stack } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRIC_NAMESPACE, type MetricName } from '../../domain/observability/metrics.ts';
import { firewallMetricName } from '../constructs/web-firewall.ts';

export const MINUTE = Duration.minutes(1);
export const FIVE_MINUTES = Duration.minutes(5);
export const HOUR = Duration.hours(1);

/**
 * A metric that the functions write.
 *
 * @param stage the pipeline's name in its account
 */
export function ownMetric(
  stage: string,
  metricName: MetricName,
  statistic: string,
  dimensions: Readonly<Record<string, string>> = {},
): Metric {
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    statistic,
    period: MINUTE,
    dimensionsMap: { stage, ...dimensions },
  });
}

/** How much of its maximum capacity the cluster uses, in per cent. */
export function databaseUtilization(clusterIdentifier: string): Metric {
  return new Metric({
    namespace: 'AWS/RDS',
    metricName: 'ACUUtilization',
    statistic: Stats.AVERAGE,
    period: MINUTE,
    dimensionsMap: { DBClusterIdentifier: clusterIdentifier },
  });
}

/** Requests that the firewall refused, by any of its rules. */
export function firewallBlocks(scope: Construct): Metric {
  return new Metric({
    namespace: 'AWS/WAFV2',
    metricName: 'BlockedRequests',
    statistic: Stats.SUM,
    period: FIVE_MINUTES,
    dimensionsMap: { WebACL: firewallMetricName(scope), Region: Stack.of(scope).region, Rule: 'ALL' },
  });
}
