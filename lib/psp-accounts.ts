import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { PspAdapter } from '../adapters/psp/adapter-names.ts';
import type { FunctionContext, SimulatedPsps } from './function-context.ts';
import { readStageSecret } from './grants.ts';
import { allow } from './policy-statements.ts';
import type { PspAccountConfig } from './stage-config.ts';

/** An account as the functions that call its PSP need it. */
interface ConnectedAccount {
  readonly name: string;
  readonly adapter: PspAdapter;
  readonly url: string;
  readonly secretArn: string;
}

/** The accounts with their addresses and secrets, as JSON: no credential is in a function's environment. */
export function pspAccountsEnvironment(context: FunctionContext): Record<string, string> {
  const accounts = context.config.pspAccounts.map((account) => connected(account, context));
  return {
    PSP_ACCOUNTS: JSON.stringify(
      accounts.map(({ secretArn: secret_arn, ...account }) => ({ ...account, secret_arn })),
    ),
  };
}

/** For a function that calls no PSP. */
export function pspAdaptersEnvironment({ config }: FunctionContext): Record<string, string> {
  const adapters = config.pspAccounts.map(({ name, adapter }) => [name, adapter]);
  return { PSP_ADAPTERS: JSON.stringify(Object.fromEntries(adapters)) };
}

/** Reads the secrets of these accounts, and no others. */
export function readPspSecrets({ config, data, simulator }: FunctionContext): readonly PolicyStatement[] {
  const connections = config.pspAccounts.flatMap(({ connection }) => connection ?? []);
  const secretArns = unique(connections.map(({ secretArn }) => secretArn));
  const keyArns = unique(connections.flatMap(({ keyArn }) => keyArn ?? []));
  const isSimulated = config.pspAccounts.some(({ connection }) => connection === undefined);
  return [
    ...(secretArns.length === 0 ? [] : [allow(['secretsmanager:GetSecretValue'], ...secretArns)]),
    ...keyArns.map((keyArn) => decryptSecrets(keyArn)),
    ...(isSimulated && simulator !== undefined ? readStageSecret(data, simulator.secret.secretArn) : []),
  ];
}

function connected(account: PspAccountConfig, { simulator }: FunctionContext): ConnectedAccount {
  const { name, adapter, connection } = account;
  if (connection !== undefined) {
    return { name, adapter, url: connection.url, secretArn: connection.secretArn };
  }
  const url = simulator === undefined ? undefined : urlOf(name, simulator);
  // The settings are validated before.
  if (simulator === undefined || url === undefined)
    throw new Error(`The PSP account ${name} has no connection.`);
  return { name, adapter, url, secretArn: simulator.secret.secretArn };
}

function urlOf(name: string, { urls }: SimulatedPsps): string | undefined {
  return isOwnSimulator(name) ? urls[name] : undefined;
}

/** Whether this is the name of one of the stage's own simulated PSPs. */
export function isOwnSimulator(name: string): name is keyof SimulatedPsps['urls'] {
  return name === 'simulator' || name === 'simulator_2';
}

function decryptSecrets(keyArn: string): PolicyStatement {
  const region = keyArn.split(':')[3] ?? '';
  return new PolicyStatement({
    actions: ['kms:Decrypt'],
    resources: [keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } },
  });
}

function unique(arns: readonly string[]): readonly string[] {
  return [...new Set(arns)];
}
