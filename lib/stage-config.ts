import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { STAGES, type Stage } from '../domain/stage.ts';

export { STAGES, type Stage };

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

/** A stage's settings that are to be others; of a group, what isn't named stays. */
export interface StageOverrides
  extends Partial<Omit<StageConfig, 'stage' | 'name' | 'database' | 'api' | 'retention'>> {
  readonly database?: Partial<StageConfig['database']>;
  readonly api?: Partial<StageConfig['api']>;
  readonly retention?: Partial<StageConfig['retention']>;
}
