import { App, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Dashboard, GraphWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { PaymentPipeline, stageNamed } from 'oncepay';

interface ShopStackProps extends StackProps {
  readonly payments: PaymentPipeline;
}

/** A team's own stack beside the pipeline: what it wires to the pipeline's queue, API and measures. */
class ShopStack extends Stack {
  constructor(scope: Construct, id: string, { payments, ...props }: ShopStackProps) {
    super(scope, id, props);
    // The shop's servers find the API by a name that doesn't change.
    new StringParameter(this, 'PaymentsApi', {
      parameterName: `/shop/${payments.config.stage}/payments-api`,
      stringValue: payments.apiUrl,
    });
    // Buyers wait: the shop's own shift hears of it beside the payments'.
    payments.metrics.queueAge().createAlarm(this, 'PaymentsAreLate', {
      alarmDescription: 'Payments wait for more than five minutes: show "we are still working on it".',
      threshold: 300,
      evaluationPeriods: 3,
    });
    new Dashboard(this, 'Payments').addWidgets(
      new GraphWidget({ title: 'Dead letters', left: [payments.metrics.deadLetters()] }),
      new GraphWidget({ title: 'Latency, p99', left: [payments.metrics.apiLatency()] }),
    );
    new CfnOutput(this, 'PaymentQueue', { value: payments.queue.queueName });
  }
}

const app = new App();
const stage = stageNamed(app.node.tryGetContext('stage'));
const payments = new PaymentPipeline(app, 'Payments', {
  stage,
  stackPrefix: 'Shop',
  overrides: { executorConcurrency: 30 },
});
new ShopStack(app, `Shop-${stage}`, { payments });
