import { alarmProperties, topicProperties } from './properties.ts';
import type { ResourceReader } from './resource-reader.ts';
import type { AlarmResource } from './resources.ts';

/** @throws UnknownResourceError for an alarm that is evaluated in a way that isn't supported here */
export function readAlarms(reader: ResourceReader): readonly AlarmResource[] {
  reader.all('AWS::SNS::Topic', topicProperties, () => undefined);
  return reader.all('AWS::CloudWatch::Alarm', alarmProperties, (properties, { stack, logicalId }) => {
    const enabled = (actions: readonly string[]) => (properties.ActionsEnabled ? actions : []);
    return {
      name: reader.identities.physicalName(stack, logicalId, properties.AlarmName),
      description: properties.AlarmDescription,
      metric: {
        namespace: properties.Namespace,
        name: properties.MetricName,
        dimensions: Object.fromEntries(properties.Dimensions.map(({ Name, Value }) => [Name, Value])),
      },
      statistic: properties.ExtendedStatistic ?? properties.Statistic ?? 'Average',
      periodMilliseconds: properties.Period * 1000,
      evaluationPeriods: properties.EvaluationPeriods,
      datapointsToAlarm: properties.DatapointsToAlarm ?? properties.EvaluationPeriods,
      threshold: properties.Threshold,
      comparison: properties.ComparisonOperator,
      treatMissingData: properties.TreatMissingData,
      actions: {
        OK: enabled(properties.OKActions),
        ALARM: enabled(properties.AlarmActions),
        INSUFFICIENT_DATA: enabled(properties.InsufficientDataActions),
      },
    };
  });
}
