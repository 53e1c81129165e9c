import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, describe, expect, test } from 'vitest';
import { checkCompliance } from '../../bin/check-compliance.ts';
import * as acknowledgements from '../../lib/acknowledgements.ts';
import { PaymentPipeline, STAGES } from '../../lib/index.ts';

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly { readonly ruleName: string }[];
    readonly suppressedViolations: readonly { readonly acknowledgedId: string }[];
  }[];
}

const directory = mkdtempSync(join(tmpdir(), 'oncepay-compliance-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function reportOf(name: string, build: (app: App) => void): Report {
  const outdir = join(directory, name);
  const app = new App({ outdir, context: { 'aws:cdk:bundling-stacks': [] } });
  build(app);
  checkCompliance(app);
  try {
    app.synth();
  } catch (error) {
    if ((error as Error).name !== 'ValidationFailed') throw error;
  }
  return JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
}

const reports = new Map<string, Report>(
  STAGES.map((stage) => [
    stage,
    reportOf(stage, (app) => void new PaymentPipeline(app, 'Payments', { stage })),
  ]),
);

const HOME = { account: '111111111111', region: 'eu-central-1' };
reports.set(
  'prod, with every setting',
  reportOf('all', (app) => {
    new PaymentPipeline(app, 'Payments', {
      stage: 'prod',
      env: HOME,
      overrides: {
        alarmEmail: 'oncall@example.com',
        runbooksUrl: 'https://example.com/runbooks/',
        domain: {
          name: 'payments.example.com',
          certificateArn: `arn:aws:acm:${HOME.region}:${HOME.account}:certificate/one`,
        },
      },
    });
  }),
);

describe.each([...reports])('in %s', (_stage, report) => {
  test.each(['AwsSolutions', 'PCI.DSS.321', 'Serverless'])('%s finds nothing without a reason', (pack) => {
    const found = report.pluginReports.find(({ pluginName }) => pluginName === pack);
    expect(found?.violations).toEqual([]);
  });
});

test('every reason belongs to a finding', () => {
  const used = new Set(
    [...reports.values()].flatMap(({ pluginReports }) =>
      pluginReports.flatMap(({ suppressedViolations }) =>
        suppressedViolations.map(({ acknowledgedId }) => acknowledgedId),
      ),
    ),
  );
  const given = Object.values(acknowledgements).flatMap((entry) =>
    typeof entry === 'function' ? [] : Object.keys(entry),
  );
  expect(given.filter((id) => !used.has(id))).toEqual([]);
});

test('a queue without TLS and a key that isn’t rotated are found', () => {
  const { pluginReports } = reportOf('careless', (app) => {
    const stack = new Stack(app, 'Careless');
    new Queue(stack, 'Open');
    new Key(stack, 'Old', { removalPolicy: RemovalPolicy.DESTROY });
  });
  const rules = pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName));
  expect(rules).toEqual(expect.arrayContaining(['AwsSolutions-SQS4', 'AwsSolutions-KMS5']));
});
