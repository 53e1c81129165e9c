import * as z from 'zod/mini';

/** The one place that reads the environment. Each function asks for what it needs and no more. */
const variables = {
  STAGE: z.enum(['dev', 'staging', 'prod']),
  TAKES_REAL_MONEY: z.pipe(
    z.enum(['true', 'false']),
    z.transform((value) => value === 'true'),
  ),
  DATABASE_CLUSTER_ARN: z.string().check(z.minLength(1)),
  DATABASE_SECRET_ARN: z.string().check(z.minLength(1)),
  DATABASE_NAME: z.string().check(z.minLength(1)),
  QUEUE_URL: z.url(),
  DEAD_LETTER_QUEUE_URL: z.url(),
  CONSUMED_TABLE_NAME: z.string().check(z.minLength(1)),
  /** Changed when Aurora is restored to an earlier point, so that records of a lost future are not believed. */
  RESTORE_EPOCH: z.string().check(z.minLength(1)),
  /** Only on a stage whose database sleeps. */
  ACTIVITY_TABLE_NAME: z.optional(z.string().check(z.minLength(1))),
  /** Only on a stage that takes no real money. */
  PSP_SIMULATOR_URL: z.optional(z.url()),
};

type Variables = typeof variables;

/** @throws EnvironmentError naming each variable that is missing or malformed. */
export function readEnvironment<Name extends keyof Variables>(
  ...names: readonly Name[]
): { readonly [K in Name]: z.output<Variables[K]> } {
  const problems: string[] = [];
  const values: Partial<Record<keyof Variables, unknown>> = {};
  for (const name of names) {
    const parsed = variables[name].safeParse(process.env[name]);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return values as { readonly [K in Name]: z.output<Variables[K]> };
}

/** Thrown at a function's start, so that a misconfigured deployment fails before it takes traffic. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';

  constructor(problems: readonly string[]) {
    super(`The function's environment is not as it must be. ${problems.join('; ')}`);
  }
}
