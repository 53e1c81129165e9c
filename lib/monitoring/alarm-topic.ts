import { Annotations, Aspects, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopicSubscription, type Subscription, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct, IConstruct } from 'constructs';
import { acknowledge, OF_MAILED_ALARMS } from '../acknowledgements.ts';
import type { FunctionContext } from '../function-context.ts';

/** Where alarms are published, encrypted; mailed to whom the stage's settings name. */
export class AlarmTopic extends Topic {
  private isHeard = false;

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
    if (config.alarmEmail !== undefined) {
      acknowledge(this.addSubscription(new EmailSubscription(config.alarmEmail)), OF_MAILED_ALARMS);
    }
    // At synth, since a team may subscribe after this is made.
    if (config.takesRealMoney) Aspects.of(this).add({ visit: (node) => this.warnUnheard(node) });
  }

  override addSubscription(subscription: ITopicSubscription): Subscription {
    this.isHeard = true;
    return super.addSubscription(subscription);
  }

  private warnUnheard(visited: IConstruct): void {
    if (this.isHeard || visited !== this) return;
    Annotations.of(this).addWarningV2(
      'oncepay:alarmsUnheard',
      'Nobody is told of alarms, and this stage takes real money: give an address, -c alarmEmail=…, or subscribe to payments.alarmTopic where you import the construct.',
    );
  }
}
