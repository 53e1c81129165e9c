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

describe('a fix while the alarm is on', () => {
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
      Array.from({ length: 6 }, () => 'CodeDeployDefault.LambdaAllAtOnce'),
    );
  });

  test('takes the alarms off the groups in so many words, since what is left out stays as it was', () => {
    for (const { AlarmConfiguration } of groups) expect(AlarmConfiguration).toEqual({ Enabled: false });
  });

  test('goes back for a failure of its own only', () => {
    for (const { AutoRollbackConfiguration } of groups)
      expect(AutoRollbackConfiguration).toEqual({
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST'],
      });
  });

  test('is a template that CloudFormation takes', () => {
    expect(new CloudFormationSpecification().violationsOf(pipeline.toJSON() as never)).toEqual([]);
  });

  test('has nothing to be warned of where somebody is told of alarms', () => {
    expect(warningsOf(pipelineStack)).toEqual([]);
  });
});

describe('alarms of which nobody is told', () => {
  test('are warned of where real money is taken, with both ways to be told', () => {
    expect(warningsOf(pipelineOf('prod').pipelineStack)).toEqual([
      expect.stringMatching(/-c alarmEmail=….*payments\.alarmTopic/),
    ]);
  });

  test('are not warned of when a team subscribes afterwards', () => {
    const { alarmTopic, pipelineStack } = pipelineOf('prod');
    alarmTopic.addSubscription(new UrlSubscription('https://oncall.example.com/hook'));
    expect(warningsOf(pipelineStack)).toEqual([]);
  });
});

test('an option that nobody reads is warned of with the name that is meant, when it resembles one', () => {
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
