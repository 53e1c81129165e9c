import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  DEFAULT_PREFIX,
  type PspAccountConfig,
  STAGES,
  type Stage,
  type StageConfig,
  type StageOverrides,
} from './stage-config.ts';
import { assertSettings } from './stage-validation.ts';

/**
 * About ten thousand dollars: few checkouts exceed it, but most amounts sent in the wrong unit, a hundred times too large,
 * do. A merchant with higher prices gets a cap of its own.
 */
const LIVE_CAPS = {
  USD: 1_000_000n,
  EUR: 1_000_000n,
  GBP: 1_000_000n,
  JPY: 1_500_000n,
  KRW: 15_000_000n,
};

/** A revoked key works at most this much longer; each key costs one database statement a minute. */
const AUTHORIZER_CACHE = Duration.seconds(60);

/** Of the stage's own simulator. */
const SIMULATED_ACCOUNTS: readonly PspAccountConfig[] = [
  { name: 'simulator', adapter: 'simulator' },
  { name: 'simulator_2', adapter: 'simulator' },
];

const CONFIGS: Readonly<Record<Stage, Omit<StageConfig, 'name'>>> = {
  dev: {
    stage: 'dev',
    takesRealMoney: false,
    // Scales to zero: a developer's stage costs storage alone overnight.
    database: {
      minCapacity: 0,
      maxCapacity: 2,
      pauseAfter: Duration.minutes(5),
      hasStandby: false,
      backupRetention: Duration.days(1),
    },
    // Created and deleted freely; it holds no money.
    dataRemovalPolicy: RemovalPolicy.DESTROY,
    deletionProtection: false,
    logRetention: RetentionDays.ONE_WEEK,
    // One team's experiments; a runaway script reaches the limit before it gets expensive.
    api: { rateLimit: 200, burstLimit: 400, authorizerCache: AUTHORIZER_CACHE, setsAccountLogRole: true },
    // No money moves; tests use the largest amounts.
    amountCaps: {},
    // Two capacity units don't serve more at once.
    executorConcurrency: 20,
    // Only its developer notices a failure.
    rollOut: 'all-at-once',
    // An experiment is over within a month, and its buyers are not real.
    retention: {
      buyerData: Duration.days(31),
      evidence: Duration.days(31),
      operationLog: Duration.days(90),
    },
    pspAccounts: SIMULATED_ACCOUNTS,
    restoreEpoch: '1',
  },
  staging: {
    stage: 'staging',
    takesRealMoney: false,
    // Never pauses, like prod: a rehearsal must not depend on a resume that prod doesn't have.
    database: { minCapacity: 0.5, maxCapacity: 4, hasStandby: false, backupRetention: Duration.days(7) },
    // Rehearsals are deleted on purpose, and their data is examined afterwards.
    dataRemovalPolicy: RemovalPolicy.SNAPSHOT,
    deletionProtection: false,
    // From one release to the next.
    logRetention: RetentionDays.ONE_MONTH,
    // Half of prod's, like the rest: a load test here shows what prod does at twice the load.
    api: { rateLimit: 500, burstLimit: 1_000, authorizerCache: AUTHORIZER_CACHE, setsAccountLogRole: true },
    // Half of prod's.
    firewall: { perKeyPerMinute: 6_000, perAddressPerMinute: 6_000 },
    amountCaps: {},
    executorConcurrency: 50,
    // Long enough to see a rollback; a rehearsal doesn't need as long as prod.
    rollOut: 'a-tenth-for-5-minutes',
    // Long enough to compare a release with the one before it.
    retention: {
      buyerData: Duration.days(60),
      evidence: Duration.days(90),
      operationLog: Duration.days(180),
    },
    pspAccounts: SIMULATED_ACCOUNTS,
    restoreEpoch: '1',
  },
  prod: {
    stage: 'prod',
    takesRealMoney: true,
    // The lowest minimum that never pauses, and room for the rate below; Aurora keeps at most 35 days of backups.
    database: { minCapacity: 0.5, maxCapacity: 32, hasStandby: true, backupRetention: Duration.days(35) },
    // Money: neither a deployment nor one hasty command can delete it.
    dataRemovalPolicy: RemovalPolicy.RETAIN,
    deletionProtection: true,
    // A chargeback may come 120 days after the charge, and its evidence is needed later still.
    logRetention: RetentionDays.ONE_YEAR,
    // One Aurora writer can serve more; raise it together with the capacity.
    api: { rateLimit: 1_000, burstLimit: 2_000, authorizerCache: AUTHORIZER_CACHE, setsAccountLogRole: true },
    // A fifth of the rate above: one merchant, or a thief of its key, leaves four fifths to the others.
    firewall: { perKeyPerMinute: 12_000, perAddressPerMinute: 12_000 },
    // A thousand payments in flight: a second's arrivals at the rate above.
    amountCaps: LIVE_CAPS,
    executorConcurrency: 100,
    // Longer than a payment's retries, so that the first payments have ended on the new version.
    rollOut: 'a-tenth-for-15-minutes',
    // A charge may be disputed for up to 540 days, and a dispute needs the buyer. The evidence, which names no buyer, and the
    // operation log outlast the usual limitation of claims. Ask your counsel for your own values.
    retention: {
      buyerData: Duration.days(550),
      evidence: Duration.days(3 * 366),
      operationLog: Duration.days(3 * 366),
    },
    // No adapter of a real PSP exists yet.
    pspAccounts: [],
    restoreEpoch: '1',
  },
};

/** Thrown at synth for a stage that isn't one. */
export class UnknownStageError extends Error {
  override readonly name = 'UnknownStageError';
}

/**
 * The stage given with `-c stage=…`; dev by default.
 *
 * @throws UnknownStageError naming the value and the choices
 */
export function stageNamed(asked: unknown): Stage {
  const stage = STAGES.find((known) => known === (asked ?? 'dev'));
  if (stage !== undefined) return stage;
  throw new UnknownStageError(
    `There is no stage ${JSON.stringify(asked)}. Choose one of ${STAGES.join(', ')}: cdk synth -c stage=dev`,
  );
}

/**
 * The settings of a stage; dev's by default.
 *
 * @throws UnknownStageError naming the value and the choices, InvalidSettingsError naming each value and its fix
 */
export function stageConfig(
  asked: unknown,
  overrides: StageOverrides = {},
  stackPrefix: string = DEFAULT_PREFIX,
): StageConfig {
  const config = CONFIGS[stageNamed(asked)];
  const settings = {
    ...config,
    name: stackPrefix === DEFAULT_PREFIX ? config.stage : `${stackPrefix}-${config.stage}`,
    ...overrides,
    database: { ...config.database, ...overrides.database },
    api: { ...config.api, ...overrides.api },
    retention: { ...config.retention, ...overrides.retention },
  };
  assertSettings(settings);
  return settings;
}
