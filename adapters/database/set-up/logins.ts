/**
 * The duties in the database, each with logins of its own: the only list of logins, from which roles, secrets, rotation,
 * environments and IAM grants are derived. `operate` is for people at the command line; no function uses it. The migrations
 * grant each login what it may do, table by table.
 */
export const DUTIES = [
  'accept',
  'execute',
  'relay',
  'redrive',
  'read',
  'authorize',
  'receive',
  'sweep',
  'measure',
  'purge',
  'operate',
  'migrate',
] as const;

export type Duty = (typeof DUTIES)[number];

/**
 * Which login each function uses, by its folder in `lambdas/`: its environment, its grants and its secret follow from this.
 * The functions that migrate and that rotate passwords use every login, and are not here.
 */
const DUTY_OF_FUNCTION: Readonly<Record<string, Duty>> = {
  'accept-payment': 'accept',
  'execute-instructions': 'execute',
  'relay-instructions': 'relay',
  'redrive-dead-letters': 'redrive',
  'read-payment': 'read',
  'read-ledger': 'read',
  'authorize-merchant': 'authorize',
  'receive-event': 'receive',
  'sweep-movements': 'sweep',
  'measure-pipeline': 'measure',
  'purge-expired': 'purge',
};

/** Undefined for a function that runs no statements, or runs them by more than one login. */
export function dutyOf(functionFolder: string): Duty | undefined {
  return DUTY_OF_FUNCTION[functionFolder];
}

/** Owns the schema; nobody can log in as it. */
export const OWNER = 'oncepay_owner';
/** Sets the passwords of the logins, through functions of its own; nobody can log in as it. */
export const CREDENTIALS = 'oncepay_credentials';

/**
 * The two logins of a duty. One is in use, the other waits for the next rotation: a password that is replaced stays
 * good until the one after it is, so that nobody who still holds it is refused.
 */
export function loginsOf(duty: Duty): readonly [string, string] {
  return [`oncepay_${duty}`, `oncepay_${duty}_alternate`];
}

const BY_KEY = { enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off' };

/**
 * How the statements of a duty are planned. Those of executor, relay, redrive, events and sweep find their rows by key, whatever the
 * size of the tables. A session keeps the plan of its first minutes, when the tables may have been empty and reading
 * them whole the cheapest; the same plan at a million orders would be read whole for each batch.
 */
export const PLANNING: Partial<Record<Duty, Readonly<Record<string, string>>>> = {
  // Lists find their page by an index; the plan that does is kept, where making it anew would cost more than the page.
  read: { enable_seqscan: 'off', plan_cache_mode: 'force_generic_plan' },
  // An operator asks seldom, and each time for something else: what is rare is known to be rare.
  operate: { enable_seqscan: 'off', plan_cache_mode: 'force_custom_plan' },
  accept: BY_KEY,
  execute: BY_KEY,
  receive: BY_KEY,
  relay: BY_KEY,
  redrive: BY_KEY,
  sweep: BY_KEY,
};

/** The login whose turn is next; undefined for one that belongs to no duty, the cluster's master say. */
export function otherLogin(login: string): string | undefined {
  for (const duty of DUTIES) {
    const [first, second] = loginsOf(duty);
    if (login === first) return second;
    if (login === second) return first;
  }
  return undefined;
}
