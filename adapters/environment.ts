import * as z from 'zod/mini';
import { jsonColumn } from './database/columns.ts';
import { DUTIES } from './database/set-up/logins.ts';
import { PSP_ADAPTERS } from './psp/adapter-names.ts';

const text = z.string().check(z.minLength(1));
const days = z.int().check(z.minimum(1));

/**
 * Every variable that a function may read; each reads only what it needs. Created lazily: a schema costs a tenth of a
 * millisecond of the cold start.
 */
export const variables = {
  get function() {
    return { STAGE: text, POWERTOOLS_SERVICE_NAME: text };
  },
  get takesRealMoney() {
    return {
      TAKES_REAL_MONEY: z.pipe(
        z.enum(['true', 'false']),
        z.transform((value) => value === 'true'),
      ),
    };
  },
  /** By currency, in minor units as text. */
  get amountCaps() {
    return { AMOUNT_CAPS: jsonColumn(z.record(z.string(), z.string().check(z.regex(/^\d{1,16}$/)))) };
  },
  get database() {
    return { DATABASE_CLUSTER_ARN: text, DATABASE_SECRET_ARN: text, DATABASE_NAME: text };
  },
  /** Without a login: for the function that rotates the logins. */
  get databaseAddress() {
    return { DATABASE_CLUSTER_ARN: text, DATABASE_NAME: text };
  },
  get databaseSetUp() {
    return {
      MASTER_SECRET_ARN: text,
      LOGIN_SECRET_ARNS: jsonColumn(z.record(z.enum(DUTIES), text)),
    };
  },
  get queue() {
    return { QUEUE_URL: z.url() };
  },
  get deadLetterQueue() {
    return { DEAD_LETTER_QUEUE_URL: z.url() };
  },
  /** The epoch changes when Aurora is restored to an earlier point, so that records of a lost future are ignored. */
  get consumedTable() {
    return { CONSUMED_TABLE_NAME: text, RESTORE_EPOCH: text };
  },
  /** Whole days. */
  get retention() {
    return {
      RETENTION_DAYS: z.pipe(
        jsonColumn(z.object({ buyer_data: days, evidence: days, operation_log: days })),
        z.transform(({ buyer_data, evidence, operation_log }) => ({
          buyerData: buyer_data,
          evidence,
          operationLog: operation_log,
        })),
      ),
    };
  },
  /** Only on a stage whose database pauses. */
  get activityTable() {
    return { ACTIVITY_TABLE_NAME: z.optional(text) };
  },
  /** The stage's accounts at PSPs, for a function that calls them. */
  get pspAccounts() {
    return {
      PSP_ACCOUNTS: jsonColumn(
        z.array(
          z.pipe(
            z.object({ name: text, adapter: z.enum(PSP_ADAPTERS), url: z.url(), secret_arn: text }),
            z.transform(({ secret_arn: secretArn, ...account }) => ({ ...account, secretArn })),
          ),
        ),
      ),
    };
  },
  /** The adapter of each account, for a function that calls no PSP. */
  get pspAdapters() {
    return { PSP_ADAPTERS: jsonColumn(z.record(z.string(), z.enum(PSP_ADAPTERS))) };
  },
  /** For the functions of the simulated PSPs. */
  get simulatorHost() {
    return { SIMULATOR_TABLE_NAME: text, SIMULATOR_INDEX_NAME: text, SIMULATOR_SECRET_ARN: text };
  },
};

/**
 * The only place that reads the environment.
 *
 * @throws EnvironmentError naming each variable that is missing or malformed
 */
export function readEnvironment<Shape extends z.core.$ZodShape>(
  shape: Shape,
): z.output<z.ZodMiniObject<Shape>> {
  // Parsed once: compiling the check takes longer than running it.
  const parsed = z.object(shape).safeParse(process.env, { jitless: true });
  if (parsed.success) return parsed.data;
  throw new EnvironmentError(
    parsed.error.issues.map((issue) => `${issue.path.join('.')} is missing or malformed`),
  );
}

/** Thrown at a function's start, so that a misconfigured deployment fails before it takes traffic. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';

  constructor(problems: readonly string[]) {
    super(`The function's environment is invalid: ${problems.join('; ')}.`);
  }
}
