import { App, Stack, Stage } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type { Construct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { PaymentPipeline, UnknownStageError } from '../../lib/index.ts';

const app = () => new App({ context: { 'aws:cdk:bundling-stacks': [] } });
const HOME = { account: '111111111111', region: 'eu-central-1' };

function pipelineIn(scope: Construct) {
  const { dataStack, pipelineStack } = new PaymentPipeline(scope, 'Payments', { stage: 'dev' });
  return [dataStack, pipelineStack].map(({ stackName, account, region }) => ({ stackName, account, region }));
}

describe('the pipeline as a construct', () => {
  test('makes its stacks in an app', () => {
    expect(pipelineIn(app()).map(({ stackName }) => stackName)).toEqual([
      'Oncepay-dev-Data',
      'Oncepay-dev-Pipeline',
    ]);
  });

  test.each([
    ['a CDK stage', (root: App) => new Stage(root, 'Production', { env: HOME })],
    ['a stack', (root: App) => new Stack(root, 'Shop', { env: HOME })],
    [
      'a stack of a CDK stage',
      (root: App) => new Stack(new Stage(root, 'Production', { env: HOME }), 'Shop'),
    ],
  ])('made in %s lives in the same account and region', (_, scopeIn) => {
    for (const stack of pipelineIn(scopeIn(app()))) expect(stack).toMatchObject(HOME);
  });

  test('is the same whatever the flags of the app around it', () => {
    const [plain, flagged] = [{}, { '@aws-cdk/aws-iam:minimizePolicies': false }].map((flags) => {
      const root = new App({ context: { 'aws:cdk:bundling-stacks': [], ...flags } });
      const { pipelineStack } = new PaymentPipeline(root, 'Payments', { stage: 'dev' });
      return Template.fromStack(pipelineStack).toJSON();
    });
    expect(flagged).toEqual(plain);
  });

  test('accepts another prefix of its stack names, so that one account can have two', () => {
    const root = app();
    const names = ['Shop', 'Market'].map(
      (stackPrefix) =>
        new PaymentPipeline(root, stackPrefix, { stage: 'staging', stackPrefix }).dataStack.stackName,
    );
    expect(names).toEqual(['Shop-staging-Data', 'Market-staging-Data']);
  });

  test('distinguishes the metrics and the API of two prefixes', () => {
    const { pipelineStack } = new PaymentPipeline(app(), 'Shop', { stage: 'staging', stackPrefix: 'Shop' });
    const template = Template.fromStack(pipelineStack);
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { Name: 'oncepay-Shop-staging' });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ STAGE: 'Shop-staging' }) },
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'Shop-staging-relay-stopped',
      Metrics: Match.absent(),
      Dimensions: [{ Name: 'stage', Value: 'Shop-staging' }],
    });
  });

  test('refuses a stage that isn’t one', () => {
    expect(() => new PaymentPipeline(app(), 'Payments', { stage: 'live' as 'prod' })).toThrow(
      UnknownStageError,
    );
  });

  test('exports its metrics for a team’s own alarms', () => {
    const root = app();
    const payments = new PaymentPipeline(root, 'Payments', { stage: 'dev' });
    const shop = new Stack(root, 'Shop');
    payments.metrics.deadLetters().createAlarm(shop, 'Dead', { threshold: 1, evaluationPeriods: 1 });
    payments.metrics.own('OrdersFailed').createAlarm(shop, 'Failed', { threshold: 9, evaluationPeriods: 1 });
    const template = Template.fromStack(shop);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible',
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'Oncepay',
      Dimensions: [{ Name: 'stage', Value: 'dev' }],
    });
  });
});
