import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { assertSettings } from './stage-validation.ts';

export const STAGES = ['dev', 'staging', 'prod'] as const;
export type Stage = (typeof STAGES)[number];

/** How the names of the stacks begin. */
export const DEFAULT_PREFIX = 'Oncepay';

/**
 * How a new version takes over: the share of requests that it serves first, and for how long. An alarm sends it back, but
 * for the last: a fix while the alarm is on would be sent back by the very errors that it ends.
 */
export const ROLL_OUT_PACES = [
  'all-at-once',
  'a-tenth-for-5-minutes',
  'a-tenth-for-15-minutes',
  'at-once-without-alarms',
] as const;
export type RollOutPace = (typeof ROLL_OUT_PACES)[number];

/** Requests in a minute, WAF's shortest window; beyond it: 429. */
export interface FirewallConfig {
  /** One merchant's servers may share an address, so it may do no less than a key. */
  readonly perAddressPerMinute: number;
  readonly perKeyPerMinute: number;
}

/** What differs between stages. What doesn't differ is written where it is used. */
export interface StageConfig {
  readonly stage: Stage;
  /** What tells its metrics and its API from those of other pipelines in the account: the stage, behind its stacks' prefix where that isn't the default. */
  readonly name: string;
  /** Whether the simulator's tokens are refused. */
  readonly takesRealMoney: boolean;
  readonly database: {
    /** Aurora capacity units; 0 lets the cluster pause when nobody asks. */
    readonly minCapacity: number;
    readonly maxCapacity: number;
    /** Only with a minimum of 0. */
    readonly pauseAfter?: Duration;
    /** A second instance in another zone takes over within a minute. */
    readonly hasStandby: boolean;
    readonly backupRetention: Duration;
  };
  /** What holds money or the record of it. */
  readonly dataRemovalPolicy: RemovalPolicy;
  readonly deletionProtection: boolean;
  readonly logRetention: RetentionDays;
  readonly api: {
    /** Requests per second, over all merchants; beyond it the gateway answers 429. */
    readonly rateLimit: number;
    readonly burstLimit: number;
    /** How long an authorizer's answer is believed, hence how long a revoked key may still work. */
    readonly authorizerCache: Duration;
    /**
     * Whether this stack sets the role by which API Gateway writes the logs of all APIs of the account and region. One
     * stack sets it; a second stage beside it in the account does not.
     */
    readonly setsAccountLogRole: boolean;
  };
  /** AWS WAF before the API; without it only the stage's own throttle is. It costs some nine dollars a month idle. */
  readonly firewall?: FirewallConfig;
  /** The API under a name of the team's own, with TLS 1.2 or newer; without it only AWS's own address answers. */
  readonly domain?: {
    readonly name: string;
    /** In Certificate Manager, in the region of the API. */
    readonly certificateArn: string;
  };
  /** Who is told of alarms. Without it they are seen on the dashboard alone. */
  readonly alarmEmail?: string;
  /** Where the team reads the pages of docs/runbooks, for the alarms' mails. Without it they give the path in the repository. */
  readonly runbooksUrl?: string;
  /** By the PSP's name in the code: where its credentials are, in Secrets Manager. The executor may read these, nobody else. */
  readonly pspSecretArns: Readonly<Record<string, string>>;
  /**
   * The most that one payment may ask for, by currency, in minor units; none for a currency that isn't named. What
   * operators set with `oncepay caps set`, for one merchant or all, goes before it.
   */
  readonly amountCaps: Readonly<Record<string, bigint>>;
  /**
   * What is removed by a job when it has been kept for so long. Idempotency keys are kept for 30 days, which is the API's
   * promise; the ledger is never removed.
   */
  readonly retention: {
    /** Who the buyer is and what the merchant noted: replaced by a pseudonym. More than 30 days: stored answers name them. */
    readonly buyerData: Duration;
    /** What PSPs were asked and said, and dead letters. Not shorter than the buyer's data. */
    readonly evidence: Duration;
    /** Who did what. At least 90 days. */
    readonly operationLog: Duration;
  };
  readonly rollOut: RollOutPace;
  /** How many batches are executed at once: 10 payments each, and one Data API connection. */
  readonly executorConcurrency: number;
  /** Changed when Aurora is restored to an earlier point, so that records of a lost future are not believed. */
  readonly restoreEpoch: string;
}

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

/** Which PSPs a stage has an account at is known to its team alone. */
const NO_PSP_SECRETS = {};

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
    pspSecretArns: NO_PSP_SECRETS,
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
    pspSecretArns: NO_PSP_SECRETS,
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
    pspSecretArns: NO_PSP_SECRETS,
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

/** A stage's settings that are to be others; of a group, what isn't named stays. */
export interface StageOverrides
  extends Partial<Omit<StageConfig, 'stage' | 'name' | 'database' | 'api' | 'retention'>> {
  readonly database?: Partial<StageConfig['database']>;
  readonly api?: Partial<StageConfig['api']>;
  readonly retention?: Partial<StageConfig['retention']>;
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
