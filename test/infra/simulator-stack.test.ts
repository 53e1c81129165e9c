import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { PaymentPipeline } from '../../lib/index.ts';
import { SimulatorStack } from '../../lib/simulator-stack.ts';
import { ACCESS_LOG_LINE } from '../support/access-log-line.ts';
import { functionsOf, only, resourcesOf, synthesized } from '../support/synthesized.ts';

const LIVE = {
  takesRealMoney: true,
  dataRemovalPolicy: RemovalPolicy.RETAIN,
  deletionProtection: true,
  pspAccounts: [],
};

const app = () => new App({ context: { 'aws:cdk:bundling-stacks': [] } });

describe('a stage that takes real money', () => {
  test('has no simulated PSP and no reference to one', () => {
    const { pipeline, simulator } = synthesized('prod');
    expect(simulator).toBeUndefined();
    expect(JSON.stringify(pipeline.toJSON())).not.toMatch(/simulator/i);
  });

  test.each([
    ['prod, though it be called a rehearsal', 'prod', { takesRealMoney: false }],
    ['staging, made to take real money', 'staging', LIVE],
    ['dev, made to take real money', 'dev', LIVE],
  ] as const)('there is none in %s', (_what, stage, overrides) => {
    const root = app();
    const { simulatorStack } = new PaymentPipeline(root, 'Payments', { stage, overrides });
    expect(simulatorStack).toBeUndefined();
    expect(root.node.findAll().filter((node) => Stack.isStack(node))).toHaveLength(2);
  });

  test('can’t be given a simulator’s stack by hand', () => {
    const { dataStack: data, config } = new PaymentPipeline(app(), 'Payments', { stage: 'prod' });
    expect(() => new SimulatorStack(app(), 'Simulator', { config, data })).toThrow(
      "Stage prod takes real money and can't have a simulated PSP.",
    );
  });
});

describe.each(['dev', 'staging'] as const)('the simulated PSPs of %s', (stage) => {
  const { simulator, pipeline, config } = withSimulator(stage);
  const functions = functionsOf(simulator);

  test('have two functions, so that hanging calls don’t block the control address', () => {
    expect([...functions.keys()].sort()).toEqual(['control-simulator', 'simulate-psp']);
  });

  test('keep their record in an encrypted table with an index to list it by', () => {
    expect(only(simulator, 'AWS::DynamoDB::GlobalTable').Properties).toMatchObject({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: functions.get('control-simulator')?.environment.SIMULATOR_INDEX_NAME,
          KeySchema: [
            { AttributeName: 'listed', KeyType: 'HASH' },
            { AttributeName: 'listed_at', KeyType: 'RANGE' },
          ],
        },
      ],
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      BillingMode: 'PAY_PER_REQUEST',
    });
  });

  test('authenticate callers with a generated secret, which the executor reads too', () => {
    const [secret] = resourcesOf(simulator, 'AWS::SecretsManager::Secret').keys();
    for (const { environment } of functions.values()) {
      expect(environment.SIMULATOR_SECRET_ARN).toEqual({ Ref: secret });
    }
    const executor = functionsOf(pipeline).get('execute-instructions');
    expect(JSON.stringify(executor?.environment.PSP_ACCOUNTS)).toContain(
      `Simulator:ExportsOutputRef${secret}`,
    );
  });

  test.each(['simulator', 'simulator_2'])('are what the executor finds as the account %s', (name) => {
    const accounts = JSON.stringify(
      functionsOf(pipeline).get('execute-instructions')?.environment.PSP_ACCOUNTS,
    );
    const account = accounts.slice(accounts.indexOf(`\\"name\\":\\"${name}\\"`));
    expect(account).toContain('execute-api');
    expect(account).toMatch(new RegExp(`/${name}\\\\?"`));
  });

  test('answer to seven calls and a page each, the control address to eight, and to no other', () => {
    const methods = [...resourcesOf(simulator, 'AWS::ApiGateway::Method').values()];
    expect(methods.map(({ Properties }) => Properties.HttpMethod).sort()).toEqual([
      ...Array(2 * 4 + 5).fill('GET'),
      ...Array(2 * 5 + 3).fill('POST'),
    ]);
  });

  test('may take as long as the gateway waits, and land late charges after that', () => {
    const methods = [...resourcesOf(simulator, 'AWS::ApiGateway::Method').values()];
    for (const { Properties } of methods) {
      expect(Properties.Integration).toMatchObject({ TimeoutInMillis: 29_000 });
    }
    // A minute until a charge lands at the latest, half a minute of silence, and time to work.
    expect(functions.get('simulate-psp')?.Properties.Timeout).toBeGreaterThan(90);
  });

  test('are throttled as the payments are', () => {
    simulator.hasResourceProperties('AWS::ApiGateway::Stage', {
      MethodSettings: [
        Match.objectLike({
          ThrottlingRateLimit: config.api.rateLimit,
          ThrottlingBurstLimit: config.api.burstLimit,
        }),
      ],
    });
  });

  test('log each request without its key, into an encrypted group that is kept as long as the stage says', () => {
    const { AccessLogSetting } = only(simulator, 'AWS::ApiGateway::Stage').Properties;
    const { Format, DestinationArn } = AccessLogSetting as { Format: string; DestinationArn: unknown };
    expect(JSON.parse(Format)).toEqual(ACCESS_LOG_LINE);
    const [logicalId, group] = [...resourcesOf(simulator, 'AWS::Logs::LogGroup')].find(([id]) =>
      id.startsWith('ApiAccessLog'),
    ) ?? ['', undefined];
    expect(JSON.stringify(DestinationArn)).toContain(logicalId);
    expect(group?.Properties).toMatchObject({
      RetentionInDays: config.logRetention,
      KmsKeyId: { 'Fn::ImportValue': expect.stringContaining('Key') },
    });
  });

  test('are behind a firewall like the payments API, which admits the stage’s whole rate', () => {
    const acls = [...resourcesOf(simulator, 'AWS::WAFv2::WebACL').values()];
    expect(acls).toHaveLength(config.firewall === undefined ? 0 : 1);
    for (const { Properties } of acls) {
      const rules = Properties.Rules as readonly { Statement: { RateBasedStatement?: { Limit: number } } }[];
      const limits = rules.flatMap(({ Statement }) => Statement.RateBasedStatement?.Limit ?? []);
      expect(limits).toEqual([config.api.rateLimit * 60, config.api.rateLimit * 60]);
    }
    simulator.resourceCountIs('AWS::WAFv2::WebACLAssociation', acls.length);
  });

  test('state in the template why each of their methods is open', () => {
    for (const method of resourcesOf(simulator, 'AWS::ApiGateway::Method').values()) {
      expect(method).toMatchObject({
        Metadata: { checkov: { skip: [{ id: 'CKV_AWS_59', comment: expect.stringContaining('key') }] } },
      });
    }
  });

  test('output their addresses for operators', () => {
    for (const output of ['ControlUrl', 'SecretArn']) simulator.hasOutput(output, {});
  });
});

function withSimulator(stage: 'dev' | 'staging') {
  const { simulator, ...others } = synthesized(stage);
  if (simulator === undefined) throw new Error(`${stage} has no simulated PSPs`);
  return { simulator, ...others };
}
