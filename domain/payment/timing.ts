import type { OperationAbilities, PspAbilities } from './psp-abilities.ts';

/** The times of the protocol, all in seconds unless named otherwise; the letters are those of the protocol's rules. */
export interface Timing {
  /** How long a PSP has to answer a look-up. */
  readonly lookUpDeadlineSeconds: number;
  /** How long a PSP has to answer a charge. */
  readonly sendDeadlineSeconds: number;
  /** The client's time-out for one statement, above the database's own of 4 s. */
  readonly statementDeadlineSeconds: number;
  /** The time-out for one request to DynamoDB or SQS, including its retry. */
  readonly requestDeadlineSeconds: number;
  /** Time reserved after a PSP call to record, consume and acknowledge. */
  readonly recordReserveSeconds: number;
  /** F: the executor's time-out. */
  readonly functionTimeoutSeconds: number;
  /** L: how long a claim protects its holder. */
  readonly leaseSeconds: number;
  /** Z and W of a PSP whose adapter declares none. */
  readonly defaultMaxInFlightSeconds: number;
  readonly defaultLookUpLagSeconds: number;
  /** V: the queue's visibility time-out, which is how long recovery from a crash takes. */
  readonly visibilityTimeoutSeconds: number;
  readonly attemptsPerCycle: number;
  readonly cycles: number;
  /** A backstop against messages that crash the worker; every receive counts, failed or not. */
  readonly maxReceiveCount: number;
  /** Of both queues. */
  readonly retentionDays: number;
}

export const TIMING: Timing = {
  lookUpDeadlineSeconds: 3,
  sendDeadlineSeconds: 10,
  statementDeadlineSeconds: 6,
  requestDeadlineSeconds: 1,
  recordReserveSeconds: 9,
  functionTimeoutSeconds: 30,
  leaseSeconds: 35,
  defaultMaxInFlightSeconds: 30,
  defaultLookUpLagSeconds: 30,
  visibilityTimeoutSeconds: 180,
  attemptsPerCycle: 8,
  cycles: 3,
  maxReceiveCount: 20,
  retentionDays: 14,
};

/** Thrown at synthesis and at a function's start; names the inequality that doesn't hold. */
export class TimingError extends Error {
  override readonly name = 'TimingError';
}

/**
 * The inequalities that the protocol's proof rests on.
 *
 * @throws TimingError naming the first that is violated, with its numbers
 */
export function assertTiming(timing: Timing, psps: readonly PspAbilities[]): void {
  const { functionTimeoutSeconds: f, leaseSeconds: l, visibilityTimeoutSeconds: v } = timing;
  // After a PSP call: the record, then a request each to consume, to send dead letters and to hide what comes again.
  const ending = timing.statementDeadlineSeconds + 3 * timing.requestDeadlineSeconds;
  const reserve = timing.recordReserveSeconds;
  require(reserve >= ending, `reserve (${reserve}) ≥ record + consume + dead letters + hide (${ending})`);
  const { lookUpSeconds, sendSeconds } = longestDeadlines(psps, timing);
  const batch =
    2 * timing.requestDeadlineSeconds +
    timing.statementDeadlineSeconds +
    lookUpSeconds +
    sendSeconds +
    reserve;
  require(f >= batch, `F (${f}) ≥ keys + consumed + claim + look-up + send + reserve (${batch})`);
  require(l >= f + 5, `L (${l}) ≥ F + 5 (${f + 5})`);
  require(v >= 6 * f, `V (${v}) ≥ 6 F (${6 * f})`);
  require(timing.maxReceiveCount >= 5, `maxReceiveCount (${timing.maxReceiveCount}) ≥ 5`);
  const operations = psps.flatMap((psp) => Object.values(psp.operations));
  for (const operation of [...operations, defaultAbilities(timing)]) {
    const visible = l + propagationSeconds(operation);
    require(v >= visible, `V (${v}) ≥ L + Z + W (${visible})`);
    const { keyLifetimeSeconds: k } = operation;
    require(k === null || k > visible + f, `K (${k}) > L + Z + W + F (${visible + f})`);
  }
}

/** Z + W: how long after its sender is gone a request may stay invisible to look-ups, in seconds. */
export function propagationSeconds(
  abilities: Pick<OperationAbilities, 'maxInFlightSeconds' | 'lookUpLagSeconds'>,
): number {
  return abilities.maxInFlightSeconds + (abilities.lookUpLagSeconds ?? 0);
}

/** How long a PSP has to answer, in seconds. */
export interface Deadlines {
  readonly lookUpSeconds: number;
  readonly sendSeconds: number;
}

export function deadlinesOf(
  abilities: Pick<OperationAbilities, 'lookUpDeadlineSeconds' | 'sendDeadlineSeconds'>,
  timing: Timing = TIMING,
): Deadlines {
  return {
    lookUpSeconds: abilities.lookUpDeadlineSeconds ?? timing.lookUpDeadlineSeconds,
    sendSeconds: abilities.sendDeadlineSeconds ?? timing.sendDeadlineSeconds,
  };
}

/** The longest of a stage's PSPs, and of the protocol itself. */
export function longestDeadlines(psps: readonly PspAbilities[], timing: Timing = TIMING): Deadlines {
  const operations = psps.flatMap((psp) => Object.values(psp.operations));
  const all = [{}, ...operations].map((operation) => deadlinesOf(operation, timing));
  return {
    lookUpSeconds: Math.max(...all.map(({ lookUpSeconds }) => lookUpSeconds)),
    sendSeconds: Math.max(...all.map(({ sendSeconds }) => sendSeconds)),
  };
}

/** Of the operation that takes longest, in seconds. */
export function longestPropagationSeconds({ operations }: Pick<PspAbilities, 'operations'>): number {
  return Math.max(0, ...Object.values(operations).map(propagationSeconds));
}

/** An operation of which nothing is promised, for a PSP that this version of the code doesn't know. */
export const NO_ABILITIES: OperationAbilities = {
  keyLifetimeSeconds: null,
  expiresByItself: false,
  keyScopeIncludesCredential: true,
  deduplicatesByReference: false,
  lookUpLagSeconds: null,
  maxInFlightSeconds: TIMING.defaultMaxInFlightSeconds,
  invalidatesByKey: false,
  replaysStoredServerErrors: false,
};

function defaultAbilities(
  timing: Timing,
): Pick<OperationAbilities, 'maxInFlightSeconds' | 'lookUpLagSeconds' | 'keyLifetimeSeconds'> {
  return {
    maxInFlightSeconds: timing.defaultMaxInFlightSeconds,
    lookUpLagSeconds: timing.defaultLookUpLagSeconds,
    keyLifetimeSeconds: null,
  };
}

function require(holds: boolean, inequality: string): void {
  if (!holds) throw new TimingError(`The protocol's timing is broken: it must hold that ${inequality}.`);
}
