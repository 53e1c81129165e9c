import { RemovalPolicy } from 'aws-cdk-lib';
import { pspAccounts } from './psp-account-validation.ts';
import type { StageConfig } from './stage-config.ts';

/** Thrown at synth for settings that AWS would refuse, or that would lose money; names each value and its fix. */
export class InvalidSettingsError extends Error {
  override readonly name = 'InvalidSettingsError';
}

type Rule = (config: StageConfig) => readonly (string | false)[];

/** @throws InvalidSettingsError */
export function assertSettings(config: StageConfig): void {
  const violations = RULES.flatMap((rule) => rule(config)).filter((violation) => violation !== false);
  if (violations.length === 0) return;
  throw new InvalidSettingsError(
    [`The settings of the stage ${config.stage} can't be deployed:`, ...violations].join('\n- '),
  );
}

const RULES: readonly Rule[] = [
  realMoney,
  database,
  api,
  executor,
  retention,
  purges,
  caps,
  names,
  pspAccounts,
];

/** A stage that takes real money must keep its record. */
function realMoney(config: StageConfig) {
  if (!config.takesRealMoney) return [];
  return [
    config.dataRemovalPolicy !== RemovalPolicy.RETAIN &&
      `dataRemovalPolicy is ${config.dataRemovalPolicy}, but the stage takes real money: set RemovalPolicy.RETAIN.`,
    !config.deletionProtection &&
      'deletionProtection is false, but the stage takes real money: set it to true.',
  ];
}

function database({ database: { minCapacity, maxCapacity, pauseAfter, backupRetention } }: StageConfig) {
  const days = backupRetention.toDays({ integral: false });
  return [
    !isCapacity(minCapacity, 0) &&
      `database.minCapacity is ${minCapacity}: give a multiple of 0.5 from 0 to 256.`,
    !isCapacity(maxCapacity, 1) &&
      `database.maxCapacity is ${maxCapacity}: give a multiple of 0.5 from 1 to 256.`,
    minCapacity > maxCapacity &&
      `database.minCapacity is ${minCapacity}, above database.maxCapacity ${maxCapacity}: lower it, or raise database.maxCapacity.`,
    minCapacity > 0 &&
      pauseAfter !== undefined &&
      `database.pauseAfter is set, but a database of at least ${minCapacity} units never pauses: leave it out, or set database.minCapacity to 0.`,
    pauseAfter !== undefined &&
      !isBetween(pauseAfter.toSeconds(), 300, 86_400) &&
      `database.pauseAfter is ${pauseAfter.toHumanString()}: give 5 minutes to 1 day.`,
    !isBetween(days, 1, 35) &&
      `database.backupRetention is ${backupRetention.toHumanString()}: give 1 to 35 days.`,
  ];
}

function api({ api: { rateLimit, burstLimit, authorizerCache }, firewall }: StageConfig) {
  return [
    ...Object.entries(firewall ?? {}).map(
      ([name, limit]) =>
        !isBetween(limit, 10, rateLimit * 60) &&
        `firewall.${name} is ${limit}: give 10 to ${rateLimit * 60}, a minute of api.rateLimit (${rateLimit}).`,
    ),
    firewall !== undefined &&
      firewall.perAddressPerMinute < firewall.perKeyPerMinute &&
      `firewall.perAddressPerMinute is ${firewall.perAddressPerMinute}, below firewall.perKeyPerMinute (${firewall.perKeyPerMinute}): no merchant with one address could use its key's limit; raise it.`,
    !isBetween(rateLimit, 1, 10_000) &&
      `api.rateLimit is ${rateLimit}: give 1 to 10000 requests per second, an account's own limit unless AWS raised it.`,
    !isBetween(burstLimit, rateLimit, 10_000) &&
      `api.burstLimit is ${burstLimit}: give at least api.rateLimit (${rateLimit}) and at most 10000.`,
    authorizerCache.toSeconds() > 300 &&
      `api.authorizerCache is ${authorizerCache.toHumanString()}: a revoked key would work that long; give 5 minutes at most.`,
  ];
}

function executor({ executorConcurrency, restoreEpoch }: StageConfig) {
  return [
    !isBetween(executorConcurrency, 2, 1_000) &&
      `executorConcurrency is ${executorConcurrency}: give 2 to 1000, what an event source mapping takes.`,
    !/^[A-Za-z0-9-]{1,32}$/.test(restoreEpoch) &&
      `restoreEpoch is ${JSON.stringify(restoreEpoch)}: give 1 to 32 letters, digits and hyphens; another one after each restore.`,
  ];
}

function retention({ deletionProtection, dataRemovalPolicy }: StageConfig) {
  return [
    deletionProtection &&
      dataRemovalPolicy === RemovalPolicy.DESTROY &&
      'deletionProtection is true, but dataRemovalPolicy is destroy: change one of them.',
  ];
}

/** Stored answers contain the buyer's id for 30 days, and evidence is of no use without its buyer's data. */
function purges({ retention: { buyerData, evidence, operationLog } }: StageConfig) {
  return [
    buyerData.toDays() < 31 &&
      `retention.buyerData is ${buyerData.toHumanString()}: give 31 days at least, since idempotency keys keep their answers for 30.`,
    evidence.toDays() < buyerData.toDays() &&
      `retention.evidence is ${evidence.toHumanString()}, less than retention.buyerData: raise it to ${buyerData.toHumanString()} at least.`,
    operationLog.toDays() < 90 &&
      `retention.operationLog is ${operationLog.toHumanString()}: give 90 days at least.`,
  ];
}

function caps({ amountCaps }: StageConfig) {
  return Object.entries(amountCaps).flatMap(([currency, cap]) => [
    !/^[A-Z]{3}$/.test(currency) &&
      `amountCaps has the currency ${JSON.stringify(currency)}: write an ISO 4217 code such as KRW.`,
    (cap < 1n || cap > 9_007_199_254_740_991n) &&
      `amountCaps.${currency} is ${cap}: give 1 to 9007199254740991 minor units.`,
  ]);
}

function names({ alarmEmail, runbooksUrl, domain }: StageConfig) {
  return [
    alarmEmail !== undefined &&
      !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(alarmEmail) &&
      `alarmEmail is ${JSON.stringify(alarmEmail)}: give an address such as payments@example.com.`,
    runbooksUrl !== undefined &&
      !/^https:\/\/\S+\/$/.test(runbooksUrl) &&
      `runbooksUrl is ${JSON.stringify(runbooksUrl)}: give an address that ends in a slash, such as https://wiki.example.com/oncepay/runbooks/.`,
    domain !== undefined &&
      !/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(domain.name) &&
      `domain.name is ${JSON.stringify(domain.name)}: give a name such as payments.example.com, in lower case.`,
    domain !== undefined &&
      !/^arn:[^:]+:acm:[^:]+:\d{12}:certificate\/\S+$/.test(domain.certificateArn) &&
      `domain.certificateArn is ${JSON.stringify(domain.certificateArn)}: give arn:aws:acm:<region of the API>:<account>:certificate/<id>.`,
  ];
}

function isCapacity(units: number, least: number): boolean {
  return isBetween(units, least, 256) && Number.isInteger(units * 2);
}

function isBetween(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
