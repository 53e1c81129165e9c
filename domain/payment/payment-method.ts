/** A payment method as the pipeline stores it: which PSP takes it, and the token that is sent there. */
export interface PaymentMethod {
  readonly psp: string;
  readonly token: string;
}

/** The names of the simulated PSPs, also stored in payment orders as `psp`. */
export const SIMULATOR = 'simulator';
/** Takes the same tokens with another prefix, so that one PSP can fail while the other works. */
export const SIMULATOR_2 = 'simulator_2';
export const SIMULATED_PSPS = [SIMULATOR, SIMULATOR_2] as const;
/** Every PSP that a payment method may name. */
export const PSPS: readonly string[] = [...SIMULATED_PSPS];
export type SimulatedPspName = (typeof SIMULATED_PSPS)[number];

/** The PSP simulator's tokens and what each does. */
export const SIMULATOR_TOKENS = {
  sim_ok: 'charges at once',
  sim_decline_insufficient_funds: 'declines: the account holds too little',
  sim_decline_card_declined: "declines: the card's issuer gives no reason",
  sim_decline_expired_card: 'declines: the card has expired',
  sim_decline_fraudulent: 'declines: the issuer suspects fraud',
  sim_timeout_charged: 'charges, and never answers the first call',
  sim_timeout_not_charged: 'never answers the first call, which charges nothing',
  sim_500_charged: 'charges, and answers 500 to the first call',
  sim_500_not_charged: 'answers 500 to the first call, which charges nothing',
  sim_rate_limited: 'answers 429 with Retry-After: 2 to the first call, then charges',
  sim_malformed: 'charges, and answers the first call with broken JSON',
  sim_slow_5s: 'charges, and answers the first call after 5 seconds',
  sim_wrong_amount: 'charges, and always reports another amount than requested, also to look-ups',
  sim_wrong_currency: 'charges, and always reports another currency than requested',
  sim_wrong_reference: 'charges, and always reports another reference than requested',
  sim_requires_action: 'waits for the buyer, then charges',
  sim_requires_action_declines: 'waits for the buyer, then declines',
  sim_requires_action_expires: 'expires after 10 seconds without the buyer',
  sim_pending_succeeds: 'charges after 5 seconds',
  sim_pending_fails: 'declines after 5 seconds',
  sim_pending_expires: 'expires after 5 seconds',
} as const;

export type SimulatorToken = keyof typeof SIMULATOR_TOKENS;

/** The only token with a parameter: how many calls are refused before one is processed. */
export const FLAKY_TOKEN = {
  pattern: 'sim_flaky_<n>',
  meaning: 'answers 503 "not processed" to the first n calls (1 to 999), then charges',
} as const;

/** Well-known test payment methods of another PSP's sandbox, and the simulator's tokens that do the same. */
const ALIASES: ReadonlyMap<string, SimulatorToken> = new Map([
  ['pm_card_visa', 'sim_ok'],
  ['pm_card_visa_debit', 'sim_ok'],
  ['pm_card_mastercard', 'sim_ok'],
  ['pm_card_amex', 'sim_ok'],
  ['pm_card_chargeDeclined', 'sim_decline_card_declined'],
  ['pm_card_visa_chargeDeclined', 'sim_decline_card_declined'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'sim_decline_insufficient_funds'],
  ['pm_card_visa_chargeDeclinedInsufficientFunds', 'sim_decline_insufficient_funds'],
  ['pm_card_chargeDeclinedExpiredCard', 'sim_decline_expired_card'],
  ['pm_card_chargeDeclinedFraudulent', 'sim_decline_fraudulent'],
]);

const FLAKY = /^sim_flaky_([1-9]\d{0,2})$/;
const SECOND_PREFIX = 'sim2_';

/**
 * Which PSP accepts this token. A well-known alias is replaced by the simulator's own token, so that the rest of the code
 * knows one name only.
 *
 * @returns undefined for a token that no PSP accepts; `knownPaymentMethods` lists those that are accepted
 */
export function parsePaymentMethod(token: string): PaymentMethod | undefined {
  if (token.startsWith(SECOND_PREFIX))
    return simulated(SIMULATOR_2, `sim_${token.slice(SECOND_PREFIX.length)}`);
  return simulated(SIMULATOR, ALIASES.get(token) ?? token);
}

function simulated(psp: SimulatedPspName, token: string): PaymentMethod | undefined {
  return isSimulatorToken(token) || flakyCallsOf(token) !== undefined ? { psp, token } : undefined;
}

/** Whether this token can't move real money; a stage that takes real money refuses it. */
export function isTestPaymentMethod(token: string): boolean {
  const psp = parsePaymentMethod(token)?.psp;
  return psp === SIMULATOR || psp === SIMULATOR_2;
}

export function isSimulatorToken(token: string): token is SimulatorToken {
  return Object.hasOwn(SIMULATOR_TOKENS, token);
}

/** The n of `sim_flaky_<n>`; undefined for any other token. */
export function flakyCallsOf(token: string): number | undefined {
  const calls = FLAKY.exec(token)?.[1];
  return calls === undefined ? undefined : Number(calls);
}

/** Every token that a payment may name, for the error about an unknown one. */
export function knownPaymentMethods(): readonly string[] {
  return [...Object.keys(SIMULATOR_TOKENS), FLAKY_TOKEN.pattern, `${SECOND_PREFIX}…`, ...ALIASES.keys()];
}

/** The same in short, for the API's description: the aliases by what their names begin with. */
export function describedPaymentMethods(): readonly string[] {
  return [...Object.keys(SIMULATOR_TOKENS), FLAKY_TOKEN.pattern, `${SECOND_PREFIX}…`, 'pm_card_…'];
}
