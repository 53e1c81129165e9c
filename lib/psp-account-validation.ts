import { PSP_ADAPTERS } from '../adapters/psp/adapter-names.ts';
import { isOwnSimulator } from './psp-accounts.ts';
import type { PspAccountConfig, StageConfig } from './stage-config.ts';

/** Each environment of the executor reads the secret of each account. */
const MAX_ACCOUNTS = 10;
const SECRET_ARN = /^arn:[^:]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,512}-[A-Za-z0-9]{6}$/;
const KEY_ARN = /^arn:[^:]+:kms:[a-z0-9-]+:\d{12}:key\/\S+$/;

/** What is wrong with the accounts, each with its value and the fix. */
export function pspAccounts(config: StageConfig): readonly (string | false)[] {
  const accounts = config.pspAccounts;
  const names = accounts.map(({ name }) => name);
  return [
    accounts.length > MAX_ACCOUNTS &&
      `pspAccounts has ${accounts.length} accounts: give ${MAX_ACCOUNTS} at most.`,
    ...names.map(
      (name, index) =>
        names.indexOf(name) !== index &&
        `pspAccounts has ${JSON.stringify(name)} twice: give each account a name of its own.`,
    ),
    ...accounts.flatMap((account) => problemsOf(account, config)),
  ];
}

function problemsOf(account: PspAccountConfig, config: StageConfig): readonly (string | false)[] {
  const { name, adapter, connection } = account;
  const at = `pspAccounts ${JSON.stringify(name)}`;
  return [
    !/^[a-z][a-z0-9_]{0,39}$/.test(name) &&
      `${at}: give a name of up to 40 lower-case letters, digits and underscores that begins with a letter.`,
    !PSP_ADAPTERS.includes(adapter) &&
      `${at} has the adapter ${JSON.stringify(adapter)}: give one of ${PSP_ADAPTERS.join(', ')}.`,
    config.takesRealMoney &&
      adapter === 'simulator' &&
      `${at} is simulated, but the stage takes real money: list only accounts at real PSPs.`,
    ...(connection === undefined
      ? [problemOfOwn(account, at, config)]
      : problemsOfConnection(connection, at)),
  ];
}

/** Only the simulator's stack has addresses and credentials of its own. */
function problemOfOwn({ name, adapter }: PspAccountConfig, at: string, { stage }: StageConfig) {
  const isOwn = stage !== 'prod' && adapter === 'simulator' && isOwnSimulator(name);
  return !isOwn && `${at} has no connection: give connection.url and connection.secretArn.`;
}

function problemsOfConnection(
  { url, secretArn, keyArn }: NonNullable<PspAccountConfig['connection']>,
  at: string,
): readonly (string | false)[] {
  return [
    !isHttps(url) &&
      `${at} has connection.url ${JSON.stringify(url)}: give an https address without a query, such as https://api.example.com.`,
    !SECRET_ARN.test(secretArn) &&
      `${at} has connection.secretArn ${JSON.stringify(secretArn)}: give the complete ARN, with the six characters at its end: arn:aws:secretsmanager:<region>:<account>:secret:<name>-AbCdEf.`,
    keyArn !== undefined &&
      !KEY_ARN.test(keyArn) &&
      `${at} has connection.keyArn ${JSON.stringify(keyArn)}: give arn:aws:kms:<region>:<account>:key/<id>.`,
  ];
}

function isHttps(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'https:' && url.search === '' && url.username === '' && url.hash === '';
}
