import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { PspAdapter } from '../adapters/psp/adapter-names.ts';
import { STAGES, type Stage } from '../domain/stage.ts';

export { STAGES, type Stage };

/** The default prefix of the stack names. */
export const DEFAULT_PREFIX = 'Oncepay';

/**
 * How a new version takes over: the share of requests that it serves first, and for how long. An alarm rolls it back, except
 * with the last: a fix deployed while an alarm is active would be rolled back because of the errors that it fixes.
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
  /** One merchant's servers may share an address, so this is at least the limit per key. */
  readonly perAddressPerMinute: number;
  readonly perKeyPerMinute: number;
}

/** An account at a PSP. */
export interface PspAccountConfig {
  /** Stored with each payment, so another account never gets the same name. */
  readonly name: string;
  readonly adapter: PspAdapter;
  /** Left out for `simulator` and `simulator_2` on a stage with simulated PSPs of its own, whose stack has both. */
  readonly connection?: {
    /** The address of the PSP's API, without the API's path. */
    readonly url: string;
    /**
     * The secret in Secrets Manager that holds the credentials: `{"api_key": "…", "signing_secrets": ["…"]}`. A rotated one is
     * noticed within five minutes, or when the PSP refuses the old key.
     */
    readonly secretArn: string;
    /** The customer managed key that encrypts the secret; left out if it is encrypted with AWS's own. */
    readonly keyArn?: string;
  };
}

/** The settings that differ between stages. Values that don't differ are constants where they are used. */
export interface StageConfig {
  readonly stage: Stage;
  /** Distinguishes its metrics and its API from those of other pipelines in the account: the stage, after the stacks' prefix if that isn't the default. */
  readonly name: string;
  /** Whether the simulator's tokens are refused. */
  readonly takesRealMoney: boolean;
  readonly database: {
    /** Aurora capacity units; with 0 the cluster pauses when it is idle. */
    readonly minCapacity: number;
    readonly maxCapacity: number;
    /** Only with a minimum of 0. */
    readonly pauseAfter?: Duration;
    /** A second instance in another zone takes over within a minute. */
    readonly hasStandby: boolean;
    readonly backupRetention: Duration;
  };
  /** For resources that hold money or its record. */
  readonly dataRemovalPolicy: RemovalPolicy;
  readonly deletionProtection: boolean;
  readonly logRetention: RetentionDays;
  readonly api: {
    /** Requests per second, over all merchants; beyond it the gateway answers 429. */
    readonly rateLimit: number;
    readonly burstLimit: number;
    /** How long an authorizer's answer is cached, hence how long a revoked key may still work. */
    readonly authorizerCache: Duration;
    /**
     * Whether this stack sets the role with which API Gateway writes the logs of all APIs of the account and region. Of several
     * stages in an account, only one sets it.
     */
    readonly setsAccountLogRole: boolean;
  };
  /** AWS WAF in front of the API; without it, only the stage's own throttle applies. It costs about nine dollars a month idle. */
  readonly firewall?: FirewallConfig;
  /** The API under the team's own name, with TLS 1.2 or newer; without it, only AWS's own address answers. */
  readonly domain?: {
    readonly name: string;
    /** In Certificate Manager, in the API's region. */
    readonly certificateArn: string;
  };
  /** The address that receives alarms. Without it, only the dashboard shows them. */
  readonly alarmEmail?: string;
  /** Where the team reads the pages of docs/runbooks, for the alarms' e-mails. By default they name the path in the repository. */
  readonly runbooksUrl?: string;
  /**
   * The maximum amount of a payment by currency, in minor units; no cap for other currencies. A cap that an operator sets
   * with `oncepay caps set`, for one merchant or all, takes precedence.
   */
  readonly amountCaps: Readonly<Record<string, bigint>>;
  /**
   * How long data is kept until a job removes it. Idempotency keys are kept for 30 days, as the API promises; the ledger is
   * never removed.
   */
  readonly retention: {
    /** The buyer's id and the merchant's notes: replaced by a pseudonym. More than 30 days, since stored answers contain them. */
    readonly buyerData: Duration;
    /** Requests to PSPs and their answers, and dead letters. Not shorter than the buyer's data. */
    readonly evidence: Duration;
    /** Who did what. At least 90 days. */
    readonly operationLog: Duration;
  };
  readonly rollOut: RollOutPace;
  /** At most ten. Payments are accepted for these accounts only. */
  readonly pspAccounts: readonly PspAccountConfig[];
  /** The number of concurrent batches: 10 payments each, and one Data API connection. */
  readonly executorConcurrency: number;
  /** Changed when Aurora is restored to an earlier point, so that records of a lost future are ignored. */
  readonly restoreEpoch: string;
}

/** Overrides of a stage's settings; in a group, settings that aren't named keep their values. */
export interface StageOverrides
  extends Partial<Omit<StageConfig, 'stage' | 'name' | 'database' | 'api' | 'retention'>> {
  readonly database?: Partial<StageConfig['database']>;
  readonly api?: Partial<StageConfig['api']>;
  readonly retention?: Partial<StageConfig['retention']>;
}
