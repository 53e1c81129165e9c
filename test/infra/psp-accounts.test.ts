import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { PaymentPipeline, type PspAccountConfig, STAGES, stageConfig } from '../../lib/index.ts';
import { functionsOf, resourcesOf } from '../support/synthesized.ts';

const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111111111111:secret:psp/elsewhere-AbCdEf';
const KEY_ARN = 'arn:aws:kms:eu-central-1:111111111111:key/0a1b';
const ELSEWHERE: PspAccountConfig = {
  name: 'elsewhere',
  adapter: 'simulator',
  connection: { url: 'https://psp.example/simulator', secretArn: SECRET_ARN, keyArn: KEY_ARN },
};

describe('the accounts of a stage', () => {
  test('are those of its own simulator where it takes no real money, and none else', () => {
    const names = STAGES.map((stage) => stageConfig(stage).pspAccounts.map(({ name }) => name));
    expect(names).toEqual([['simulator', 'simulator_2'], ['simulator', 'simulator_2'], []]);
  });

  test.each([
    [
      [{ name: 'Elsewhere', adapter: 'simulator', connection: ELSEWHERE.connection }],
      'pspAccounts "Elsewhere": give a name of up to 40 lower-case letters, digits and underscores that begins with a letter.',
    ],
    [[ELSEWHERE, ELSEWHERE], 'pspAccounts has "elsewhere" twice: give each account a name of its own.'],
    [
      [{ ...ELSEWHERE, adapter: 'paypal' }],
      'pspAccounts "elsewhere" has the adapter "paypal": give one of simulator.',
    ],
    [
      [{ name: 'elsewhere', adapter: 'simulator' }],
      'pspAccounts "elsewhere" has no connection: give connection.url and connection.secretArn.',
    ],
    [
      [{ ...ELSEWHERE, connection: { url: 'http://psp.example', secretArn: SECRET_ARN } }],
      'has connection.url "http://psp.example": give an https address without a query',
    ],
    [
      [{ ...ELSEWHERE, connection: { url: 'https://psp.example', secretArn: 'psp/elsewhere' } }],
      'has connection.secretArn "psp/elsewhere": give the complete ARN, with the six characters at its end',
    ],
    [
      [{ ...ELSEWHERE, connection: { ...ELSEWHERE.connection, keyArn: 'alias/x' } }],
      'has connection.keyArn "alias/x": give arn:aws:kms:<region>:<account>:key/<id>.',
    ],
    [
      Array.from({ length: 11 }, (_, index) => ({ ...ELSEWHERE, name: `psp_${index}` })),
      'pspAccounts has 11 accounts: give 10 at most.',
    ],
  ])('are refused as %j, naming the value and the fix', (pspAccounts, problem) => {
    expect(() => stageConfig('dev', { pspAccounts: pspAccounts as PspAccountConfig[] })).toThrow(problem);
  });

  test('are refused where they are simulated and the stage takes real money', () => {
    expect(() => stageConfig('prod', { pspAccounts: [ELSEWHERE] })).toThrow(
      'pspAccounts "elsewhere" is simulated, but the stage takes real money: list only accounts at real PSPs.',
    );
  });
});

describe('an account with a secret of its own', () => {
  const { pipelineStack } = new PaymentPipeline(
    new App({ context: { 'aws:cdk:bundling-stacks': [] } }),
    'Payments',
    { stage: 'dev', overrides: { pspAccounts: [ELSEWHERE] } },
  );
  const template = Template.fromStack(pipelineStack);

  test('is known to the executor by its address and its secret, and holds no credential', () => {
    const accounts = functionsOf(template).get('execute-instructions')?.environment.PSP_ACCOUNTS;
    expect(JSON.parse(String(accounts))).toEqual([
      {
        name: 'elsewhere',
        adapter: 'simulator',
        url: 'https://psp.example/simulator',
        secret_arn: SECRET_ARN,
      },
    ]);
  });

  test('is known to the function that accepts payments by its adapter alone', () => {
    const { environment } = functionsOf(template).get('accept-payment') ?? {};
    expect(environment?.PSP_ADAPTERS).toBe('{"elsewhere":"simulator"}');
    expect(environment).not.toHaveProperty('PSP_ACCOUNTS');
  });

  test('is read by the executor, the receiver of events and the sweep, by exact ARN, and by no other function', () => {
    const policies = [...resourcesOf(template, 'AWS::IAM::Policy').values()].map(({ Properties }) =>
      JSON.stringify(Properties),
    );
    const readers = policies.filter((policy) => policy.includes(SECRET_ARN));
    expect(
      readers.map((policy) => /ExecuteInstructions|ReceiveEvent|SweepMovements/.exec(policy)?.[0]).sort(),
    ).toEqual(['ExecuteInstructions', 'ReceiveEvent', 'SweepMovements']);
    for (const policy of readers) {
      expect(policy).toContain(
        JSON.stringify({
          Action: 'kms:Decrypt',
          Condition: {
            StringEquals: { 'kms:ViaService': 'secretsmanager.eu-central-1.amazonaws.com' },
          },
          Effect: 'Allow',
          Resource: KEY_ARN,
        }),
      );
      expect(policy).not.toContain('Simulator:ExportsOutputRef');
    }
  });
});
