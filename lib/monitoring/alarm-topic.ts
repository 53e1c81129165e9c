import { Annotations, Aspects, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopicSubscription, type Subscription, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct, IConstruct } from 'constructs';
import { acknowledge, OF_MAILED_ALARMS } from '../acknowledgements.ts';
import type { FunctionContext } from '../function-context.ts';

/** The encrypted topic of all alarms; it mails the address in the stage's settings. */
export class AlarmTopic extends Topic {
  private isHeard = false;

  constructor(scope: Construct, id: string, { config, data }: FunctionContext) {
    super(scope, id, {
      displayName: `Oncepay ${config.name}`,
      masterKey: data.key,
      enforceSSL: true,
    });
    // A custom policy replaces the topic's default one, so it must name who may publish.
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
    // At synth, since a team may subscribe after this constructor.
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
      'Nobody receives the alarms, and this stage takes real money: set -c alarmEmail=…, or subscribe to payments.alarmTopic where you import the construct.',
    );
  }
}
