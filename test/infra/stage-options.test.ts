import { App, type Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { UrlSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { describe, expect, test } from 'vitest';
import { overridesFromContext, PaymentPipeline, type Stage, warnOfMisspeltOptions } from '../../lib/index.ts';
import { CloudFormationSpecification } from '../support/cloudformation-specification.ts';
import { resourcesOf } from '../support/synthesized.ts';

function pipelineOf(stage: Stage, options: Readonly<Record<string, unknown>> = {}) {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [], ...options } });
  return new PaymentPipeline(app, 'Payments', { stage, overrides: overridesFromContext(app.node) });
}

function warningsOf(stack: Stack): readonly string[] {
  const found = Annotations.fromStack(stack).findWarning('*', Match.anyValue());
  return found.map(({ entry }) => String(entry.data));
}

describe('a fix while the alarm is active', () => {
  const { pipelineStack } = pipelineOf('prod', {
    rollOut: 'at-once-without-alarms',
    alarmEmail: 'payments@example.com',
  });
  const pipeline = Template.fromStack(pipelineStack);
  const groups = [...resourcesOf(pipeline, 'AWS::CodeDeploy::DeploymentGroup').values()].map(
    ({ Properties }) => Properties,
  );

  test('moves every alias at once', () => {
    expect(groups.map(({ DeploymentConfigName }) => DeploymentConfigName)).toEqual(
      Array.from({ length: 7 }, () => 'CodeDeployDefault.LambdaAllAtOnce'),
    );
  });

  test('removes the alarms from the groups explicitly, since CloudFormation keeps what is left out', () => {
    for (const { AlarmConfiguration } of groups) expect(AlarmConfiguration).toEqual({ Enabled: false });
  });

  test('is rolled back only if the deployment itself fails', () => {
    for (const { AutoRollbackConfiguration } of groups)
      expect(AutoRollbackConfiguration).toEqual({
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST'],
      });
  });

  test('is a template that CloudFormation accepts', () => {
    expect(new CloudFormationSpecification().violationsOf(pipeline.toJSON() as never)).toEqual([]);
  });

  test('causes no warning if somebody receives the alarms', () => {
    expect(warningsOf(pipelineStack)).toEqual([]);
  });
});

describe('alarms without a recipient', () => {
  test('cause a warning on a stage with real money, with both ways to subscribe', () => {
    expect(warningsOf(pipelineOf('prod').pipelineStack)).toEqual([
      expect.stringMatching(/-c alarmEmail=….*payments\.alarmTopic/),
    ]);
  });

  test('cause no warning if a team subscribes afterwards', () => {
    const { alarmTopic, pipelineStack } = pipelineOf('prod');
    alarmTopic.addSubscription(new UrlSubscription('https://oncall.example.com/hook'));
    expect(warningsOf(pipelineStack)).toEqual([]);
  });
});

test('a misspelt option causes a warning with the option that it resembles', () => {
  const { pipelineStack } = pipelineOf('dev', {
    stage: 'dev',
    alarmMail: 'payments@example.com',
    rollout: 'all-at-once',
    'runbooks-url': 'https://wiki.example.com/',
    'domain-names': 'pay.example.com',
    team: 'payments',
    '@aws-cdk/core:checkSecretUsage': true,
  });
  warnOfMisspeltOptions(pipelineStack);
  const warned = warningsOf(pipelineStack).map((text) =>
    /^There is no option (\S+)\. Did you mean -c (\w+)=…/.exec(text)?.slice(1).join(' → '),
  );
  expect(warned.toSorted()).toEqual([
    'alarmMail → alarmEmail',
    'domain-names → domainName',
    'rollout → rollOut',
    'runbooks-url → runbooksUrl',
  ]);
});
