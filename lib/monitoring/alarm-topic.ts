import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { acknowledge, OF_MAILED_ALARMS } from '../acknowledgements.ts';
import type { FunctionContext } from '../functions/function-context.ts';

/** Where alarms are published, encrypted; mailed to whom the stage's settings name. */
export class AlarmTopic extends Topic {
  constructor(scope: Construct, id: string, { config, data }: FunctionContext) {
    super(scope, id, {
      displayName: `Oncepay ${config.name}`,
      masterKey: data.key,
      enforceSSL: true,
    });
    // A topic with a policy of its own has no other: who may publish is named.
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsPublish',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    if (config.alarmEmail === undefined) return;
    acknowledge(this.addSubscription(new EmailSubscription(config.alarmEmail)), OF_MAILED_ALARMS);
  }
}
