import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DEFAULT_PREFIX, STAGES, type Stage, type StageConfig, type StageOverrides } from './stage-config.ts';
import { assertSettings } from './stage-validation.ts';

/**
 * About ten thousand dollars: few checkouts ask for more, and a price sent in the wrong unit, a hundred times what it
 * should be, mostly does. A merchant that sells dearer things gets a cap of its own.
 */
const LIVE_CAPS = {
  USD: 1_000_000n,
  EUR: 1_000_000n,
  GBP: 1_000_000n,
  JPY: 1_500_000n,
  KRW: 15_000_000n,
};

/** A revoked key works this much longer at most; each answer is one question to the database a minute and key. */
const AUTHORIZER_CACHE = Duration.seconds(60);

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
    // Made and thrown away with `cdk destroy`; it holds no money.
    dataRemovalPolicy: RemovalPolicy.DESTROY,
    deletionProtection: false,
    logRetention: RetentionDays.ONE_WEEK,
    // One team's trials; a script that runs away meets the limit before it meets the bill.
    api: { rateLimit: 200, burstLimit: 400, authorizerCache: AUTHORIZER_CACHE, setsAccountLogRole: true },
    // No money moves; tests ask for the largest amounts there are.
    amountCaps: {},
    // Two capacity units serve no more at once.
    executorConcurrency: 20,
    // Nobody but its developer notices.
    rollOut: 'all-at-once',
    // A trial is over within a month, and nobody real has paid.
    retention: {
      buyerData: Duration.days(31),
      evidence: Duration.days(31),
      operationLog: Duration.days(90),
    },
    restoreEpoch: '1',
  },
  staging: {
    stage: 'staging',
    takesRealMoney: false,
    // Never sleeps, as prod never does: a rehearsal must not meet a resume that prod will not have.
    database: { minCapacity: 0.5, maxCapacity: 4, hasStandby: false, backupRetention: Duration.days(7) },
    // Rehearsals are taken down by purpose, and what they showed is looked at afterwards.
    dataRemovalPolicy: RemovalPolicy.SNAPSHOT,
    deletionProtection: false,
    // From one release to the next.
    logRetention: RetentionDays.ONE_MONTH,
    // Half of prod's, as is the rest: a load test here says what prod does at twice the load.
    api: { rateLimit: 500, burstLimit: 1_000, authorizerCache: AUTHORIZER_CACHE, setsAccountLogRole: true },
    // As in prod, by half.
    firewall: { perKeyPerMinute: 6_000, perAddressPerMinute: 6_000 },
    amountCaps: {},
    executorConcurrency: 50,
    // Long enough to see that it goes back; a rehearsal does not wait as long as prod.
    rollOut: 'a-tenth-for-5-minutes',
    // Long enough to compare a release with the one before it.
    retention: {
      buyerData: Duration.days(60),
      evidence: Duration.days(90),
      operationLog: Duration.days(180),
    },
    restoreEpoch: '1',
  },
  prod: {
    stage: 'prod',
    takesRealMoney: true,
    // The least that never sleeps, and room for the rate below; 35 days of backups are the most that Aurora keeps.
    database: { minCapacity: 0.5, maxCapacity: 32, hasStandby: true, backupRetention: Duration.days(35) },
    // Money: nothing that a deployment does, nor one hasty command, takes it away.
    dataRemovalPolicy: RemovalPolicy.RETAIN,
    deletionProtection: true,
    // A chargeback may come 120 days after the charge, and its evidence is asked for later still.
    logRetention: RetentionDays.ONE_YEAR,
    // What one Aurora writer takes with room to spare; ask for more together with its capacity.
    api: { rateLimit: 1_000, burstLimit: 2_000, authorizerCache: AUTHORIZER_CACHE, setsAccountLogRole: true },
    // A fifth of the rate above: one merchant, or whoever has its key, leaves four fifths to the others.
    firewall: { perKeyPerMinute: 12_000, perAddressPerMinute: 12_000 },
    // A thousand payments in flight: a second's arrivals at the rate above.
    amountCaps: LIVE_CAPS,
    executorConcurrency: 100,
    // Past a payment's own retries, so that the first of them have ended on the new version.
    rollOut: 'a-tenth-for-15-minutes',
    // A charge may be disputed for up to 540 days, and who bought is the first question then. The evidence, which names no
    // buyer, and the record of who did what outlast the usual limitation of claims. Ask your counsel for your own.
    retention: {
      buyerData: Duration.days(550),
      evidence: Duration.days(3 * 366),
      operationLog: Duration.days(3 * 366),
    },
    restoreEpoch: '1',
  },
};

/** Thrown at synth for a stage that isn't one. */
export class UnknownStageError extends Error {
  override readonly name = 'UnknownStageError';
}

/**
 * The stage that was asked for with `-c stage=…`; dev when none was.
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
 * The settings of a stage; dev's when none is named.
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
