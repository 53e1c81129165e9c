import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { FunctionContext } from '../function-context.ts';
import { AlarmTopic } from './alarm-topic.ts';
import type { WatchedFunctions } from './job-watches.ts';
import { PipelineAlarms } from './pipeline-alarms.ts';
import { ShiftDashboard } from './shift-dashboard.ts';

export interface MonitoringProps extends FunctionContext {
  readonly api: RestApi;
  readonly functions: WatchedFunctions;
}

/**
 * The alarms, their topic and the dashboard. They are deployed with what they watch: an alarm in another stack would import
 * the names of functions that the next version may not have.
 */
export class Monitoring extends Construct {
  readonly topic: AlarmTopic;
  /** The alarms that roll a deployment back. */
  readonly alarmsOfDeployments: readonly Alarm[];

  constructor(scope: Construct, id: string, { config, data, api, functions }: MonitoringProps) {
    super(scope, id);
    this.topic = new AlarmTopic(this, 'Topic', { config, data });
    const tells = new SnsAction(this.topic);
    const alarms = new PipelineAlarms(this, 'Alarms', { config, data, api, functions, tells });
    this.alarmsOfDeployments = alarms.ofDeployments;
    const { executeInstructions } = functions;
    new ShiftDashboard(this, 'Dashboard', { config, data, api, executeInstructions, alarms: alarms.all });
  }
}
