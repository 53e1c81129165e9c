import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { UrlSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { describe, expect, test } from 'vitest';
import { PaymentPipeline } from '../../lib/index.ts';
import { OperationalAlarm, SILENCE_IS_FINE } from '../../lib/monitoring/operational-alarm.ts';
import { RUNBOOKS } from '../../lib/runbooks.ts';
import { STAGES, type StageOverrides } from '../../lib/stage-config.ts';
import { runbookLines } from '../support/runbooks.ts';
import { only, resourcesOf, synthesized } from '../support/synthesized.ts';

function pipelineWith(overrides: StageOverrides): Template {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const { pipelineStack } = new PaymentPipeline(app, 'Payments', { stage: 'staging', overrides });
  return Template.fromStack(pipelineStack);
}

describe.each(STAGES)('the alarms of %s', (stage) => {
  const { pipeline, config } = synthesized(stage);
  const alarms = [...resourcesOf(pipeline, 'AWS::CloudWatch::Alarm').values()].map(
    ({ Properties }) => Properties,
  );
  const [topic] = resourcesOf(pipeline, 'AWS::SNS::Topic').keys();

  test('are one for each runbook, by its name', () => {
    const ofFirewall = (runbook: string) => config.firewall === undefined && runbook === 'firewall-blocks';
    expect(alarms.map(({ AlarmName }) => AlarmName).toSorted()).toEqual(
      RUNBOOKS.filter((runbook) => !ofFirewall(runbook)).map((runbook) => `Oncepay-${stage}-${runbook}`),
    );
  });

  test('state their impact in words and name the runbook', () => {
    for (const { AlarmName, AlarmDescription } of alarms) {
      const page = String(AlarmName).replace(`Oncepay-${stage}-`, 'docs/runbooks/');
      expect(AlarmDescription).toMatch(new RegExp(`^[A-Z].{40,}\\n\\nRunbook: ${page}\\.md$`));
    }
  });

  test('notify when they begin and when they end', () => {
    for (const { AlarmActions, OKActions } of alarms) {
      expect(AlarmActions).toContainEqual({ Ref: topic });
      expect(OKActions).toEqual([{ Ref: topic }]);
    }
  });

  test('are all on the shift dashboard', () => {
    const { DashboardBody, DashboardName } = only(pipeline, 'AWS::CloudWatch::Dashboard').Properties;
    const body = JSON.stringify(DashboardBody);
    expect(DashboardName).toBe(`Oncepay-${stage}-shift`);
    for (const logicalId of resourcesOf(pipeline, 'AWS::CloudWatch::Alarm').keys())
      expect(body).toContain(`"${logicalId}"`);
  });
});

describe('the alarms’ topic', () => {
  test('is encrypted by the stage’s key, and only this account’s alarms publish to it', () => {
    const { pipeline } = synthesized('prod');
    const { Properties: topic } = only(pipeline, 'AWS::SNS::Topic');
    expect(topic.KmsMasterKeyId).toEqual({ 'Fn::ImportValue': expect.stringMatching(/:ExportsOutput.*Key/) });
    pipeline.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: 'Deny',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ],
      },
    });
  });

  test('sends no mail unless a setting names an address', () => {
    synthesized('prod').pipeline.resourceCountIs('AWS::SNS::Subscription', 0);
    pipelineWith({ alarmEmail: 'payments@example.com' }).hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'payments@example.com',
    });
  });
});

test('the page on metrics states when every alarm begins', () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const named = [...page.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) +\|/gm)].flatMap(([, names]) =>
    [...`${names}`.matchAll(/[a-z-]+/g)].map(([name]) => name),
  );
  expect(named.toSorted()).toEqual([...RUNBOOKS]);
});

test('a purge that never runs raises an alarm after three hours without any failure', () => {
  synthesized('dev').pipeline.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'Oncepay-dev-purge-stopped',
    MetricName: 'PurgeRuns',
    Statistic: 'Sum',
    Period: 3_600,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 3,
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 1,
    TreatMissingData: 'breaching',
  });
});

test('lists that can’t be read raise an alarm after an hour without any failure of the function', () => {
  synthesized('dev').pipeline.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'Oncepay-dev-sweep-stopped',
    MetricName: 'SweepRuns',
    Statistic: 'Sum',
    Period: 600,
    EvaluationPeriods: 6,
    DatapointsToAlarm: 6,
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 1,
    TreatMissingData: 'breaching',
  });
});

test.each([
  ['unallocated-funds', 'CurrenciesUnallocated'],
  ['movements-differ', 'DiscrepanciesOpen'],
])('%s goes off at once, and keeps its state while a paused database is not measured', (runbook, metric) => {
  synthesized('dev').pipeline.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: `Oncepay-dev-${runbook}`,
    MetricName: metric,
    Statistic: 'Maximum',
    Threshold: 1,
    EvaluationPeriods: 1,
    TreatMissingData: 'ignore',
  });
});

test('a team can subscribe its on-call tool', () => {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const { alarmTopic, pipelineStack } = new PaymentPipeline(app, 'Payments', { stage: 'staging' });
  alarmTopic.addSubscription(new UrlSubscription('https://oncall.example.com/hook'));
  Template.fromStack(pipelineStack).hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'https',
    Endpoint: 'https://oncall.example.com/hook',
  });
});

test('an e-mail links to the runbooks where the team reads them', () => {
  pipelineWith({ runbooksUrl: 'https://wiki.example.com/' }).hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'Oncepay-staging-circuit-open',
    AlarmDescription: Match.stringLikeRegexp('Runbook: https://wiki.example.com/circuit-open.md$'),
  });
});

test('the firewall’s alarm watches the firewall of its stage, by a name that isn’t WAF’s own', () => {
  const { pipeline } = synthesized('prod');
  const { VisibilityConfig } = only(pipeline, 'AWS::WAFv2::WebACL').Properties as {
    VisibilityConfig: { MetricName: string };
  };
  expect(VisibilityConfig.MetricName).toBe('Oncepay-prod-Pipeline');
  pipeline.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'BlockedRequests',
    Dimensions: Match.arrayWith([{ Name: 'WebACL', Value: VisibilityConfig.MetricName }]),
  });
});

test('an alarm that says no more than its name is refused', () => {
  const stack = new Stack(new App(), 'Careless');
  const props = {
    runbook: 'api-slow',
    impact: 'The API is slow.',
    metric: new Metric({ namespace: 'AWS/ApiGateway', metricName: 'Latency' }),
    threshold: 1,
    periods: [1, 1],
    missing: SILENCE_IS_FINE,
  };
  expect(() => new OperationalAlarm(stack, props as never)).toThrow(
    'The alarm api-slow has the impact "The API is slow.": write a sentence on what it means',
  );
});

test('every name that a runbook looks up is of exactly one resource of the stage', () => {
  const { pipeline, data } = synthesized('prod');
  const resources = {
    function_of: resourcesOf(pipeline, 'AWS::Lambda::Function'),
    log_of: resourcesOf(pipeline, 'AWS::Logs::LogGroup'),
    log_of_data: resourcesOf(data, 'AWS::Logs::LogGroup'),
    secret_of: resourcesOf(data, 'AWS::SecretsManager::Secret'),
  };
  const asked = runbookLines().flatMap(({ text }) => [
    ...text.matchAll(/\$\((function_of|log_of|secret_of) (\w+)( Data)?\)/g),
  ]);
  expect(asked.length).toBeGreaterThan(20);
  for (const [, kind = '', start = '', ofData = ''] of asked) {
    const name = ofData === '' ? kind : `${kind}_data`;
    const ids = [...(resources[name as keyof typeof resources] ?? new Map()).keys()];
    expect([start, ids.filter((id) => id.startsWith(start)).length]).toEqual([start, 1]);
  }
});
