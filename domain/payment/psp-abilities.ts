import { exponentOf, formatAmount, MAX_AMOUNT_MINOR } from '../money/currency.ts';
import type { Operation } from './psp-outcome.ts';

/** What a PSP can do, as its adapter declares it. */
export interface PspAbilities {
  /** The operations that it supports, and how it carries out each. Nothing else is sent to it. */
  readonly operations: Readonly<Partial<Record<Operation, OperationAbilities>>>;
  /** The amounts that it takes, by currency. */
  readonly currencies: CurrencyLimits;
  /** The calls that the account takes in a second, of whatever kind; without it, the rate is learnt from the PSP's 429s. */
  readonly callsPerSecond?: number;
}

/** How a PSP carries out one operation. The letters are those of docs/protocol.md. */
export interface OperationAbilities {
  /** K: how long the PSP remembers an idempotency key; null where it doesn't deduplicate. */
  readonly keyLifetimeSeconds: number | null;
  /** W: how long an object may stay invisible to look-ups; null where there is no look-up. */
  readonly lookUpLagSeconds: number | null;
  /** Z: how long after we gave up on a request it may still land. */
  readonly maxInFlightSeconds: number;
  /** A key counts for one of our credentials only, so that a re-send under another one is a new request (rule 23). */
  readonly keyScopeIncludesCredential: boolean;
  /** The PSP refuses a second object for a reference, for ever and under any key. */
  readonly deduplicatesByReference: boolean;
  /** How long an answer to a send may take; the protocol's own deadline if it is left out. */
  readonly sendDeadlineSeconds?: number;
  /** The same for a look-up and an invalidation. */
  readonly lookUpDeadlineSeconds?: number;
  /** The PSP takes a request only so long after it was accepted, as where what the buyer approved lapses. */
  readonly sendWithinSeconds?: number;
  /** An object can be invalidated by its key: refused for a completed one, final for one that has not landed. */
  readonly invalidatesByKey: boolean;
  /** An object that nobody completes expires at the PSP, which says so in look-ups. */
  readonly expiresByItself: boolean;
  /** The PSP replays a stored 5xx for a key, so that re-sending never resolves an unknown outcome. */
  readonly replaysStoredServerErrors: boolean;
}

/** The amounts that a PSP takes in one currency, in our minor units (ISO 4217). */
export interface AmountLimits {
  readonly minimumMinor: bigint;
  readonly maximumMinor: bigint;
  /** The decimal digits that the PSP carries; fewer than the currency's own where it doesn't take its smallest unit. */
  readonly exponent: number;
}

/** @returns undefined for a currency that the PSP doesn't take */
export type CurrencyLimits = (currency: string) => AmountLimits | undefined;

/** For a PSP that takes every currency and every amount that we do. */
export const EVERY_AMOUNT: CurrencyLimits = (currency) => {
  const exponent = exponentOf(currency);
  return exponent === undefined ? undefined : { minimumMinor: 1n, maximumMinor: MAX_AMOUNT_MINOR, exponent };
};

/** Why a PSP account doesn't take an amount, with the fix; undefined if it does. */
export function problemOfAmount(
  limitsOf: CurrencyLimits,
  amountMinor: bigint,
  currency: string,
): { readonly field: 'amount' | 'currency'; readonly detail: string } | undefined {
  const limits = limitsOf(currency);
  if (limits === undefined) {
    return { field: 'currency', detail: `is ${currency}, which this PSP account doesn't take; use another` };
  }
  const { minimumMinor, maximumMinor, exponent } = limits;
  const given = formatAmount(amountMinor, currency);
  const amount = (detail: string) => ({ field: 'amount', detail: `is ${given}; ${detail}` }) as const;
  if (amountMinor < minimumMinor) {
    return amount(`this PSP account takes at least ${formatAmount(minimumMinor, currency)}`);
  }
  if (amountMinor > maximumMinor) {
    return amount(`this PSP account takes at most ${formatAmount(maximumMinor, currency)}`);
  }
  const step = 10n ** BigInt(Math.max(0, (exponentOf(currency) ?? exponent) - exponent));
  if (amountMinor % step === 0n) return undefined;
  return amount(`this PSP account takes multiples of ${formatAmount(step, currency)}`);
}
