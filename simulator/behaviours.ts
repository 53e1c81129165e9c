import { flakyCallsOf, isSimulatorToken, type SimulatorToken } from '../domain/payment/payment-method.ts';
import { apiError, type Reply, silence } from './reply.ts';

/** How the first calls for a reference go wrong. */
export type Fault =
  /** Nothing is charged. */
  | { readonly calls: number; readonly processes: false; readonly reply: () => Reply }
  /** It charges anyway; the caller gets a modified answer. */
  | { readonly calls: number; readonly processes: true; readonly reply: (answer: Reply) => Reply };

/** What the simulated PSP does for a payment method. Everything but these exceptions is an ordinary charge. */
export interface Behaviour {
  readonly declines?: string;
  /** What the answer says, if it differs from the request. */
  readonly amountTaken?: (asked: number) => number;
  readonly currencyTaken?: (asked: string) => string;
  readonly referenceSaid?: (asked: string) => string;
  readonly fault?: Fault;
  /** The charge waits for its buyer. */
  readonly action?: {
    /** The PSP declines after the approval, with this code. */
    readonly declines?: string;
    /** How long it waits, instead of the switch's value. */
    readonly lifetimeMs?: number;
  };
  /** The charge is in processing for a while, and then gets this state. */
  readonly processing?: { readonly endsAs: 'succeeded' | 'declined' | 'expired' };
}

const SLOW_MS = 5_000;
/** Long enough to open the page, and short enough to watch it expire. */
const SHORT_ACTION_MS = 10_000;
const RETRY_AFTER_SECONDS = 2;

export const serverError = () => apiError(500, 'internal_error', 'Something went wrong on our side.');
/** The contract of this code: the request was refused before anything was done, and can be repeated unchanged. */
export const notProcessed = () =>
  apiError(503, 'not_processed', 'The request was not processed. Send it again.');
/** @param retryAfterSeconds 0: the answer doesn't say when to come back */
export const rateLimited = (retryAfterSeconds = RETRY_AFTER_SECONDS): Reply => ({
  ...apiError(429, 'rate_limited', 'Too many requests.'),
  ...(retryAfterSeconds === 0 ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
});

/** Half of the JSON: the request took effect, but its caller can't read the answer. */
const halved = (answer: Reply): Reply =>
  answer.kind === 'answer' ? { ...answer, body: answer.body.slice(0, answer.body.length / 2) } : answer;
const late = (answer: Reply): Reply =>
  answer.kind === 'answer' ? { ...answer, delayMs: answer.delayMs + SLOW_MS } : answer;

const BEHAVIOURS: Readonly<Record<SimulatorToken, Behaviour>> = {
  sim_ok: {},
  sim_decline_insufficient_funds: { declines: 'insufficient_funds' },
  sim_decline_card_declined: { declines: 'card_declined' },
  sim_decline_expired_card: { declines: 'expired_card' },
  sim_decline_fraudulent: { declines: 'fraudulent' },
  sim_timeout_charged: { fault: { calls: 1, processes: true, reply: silence } },
  sim_timeout_not_charged: { fault: { calls: 1, processes: false, reply: silence } },
  sim_500_charged: { fault: { calls: 1, processes: true, reply: serverError } },
  sim_500_not_charged: { fault: { calls: 1, processes: false, reply: serverError } },
  sim_rate_limited: { fault: { calls: 1, processes: false, reply: () => rateLimited() } },
  sim_malformed: { fault: { calls: 1, processes: true, reply: halved } },
  sim_slow_5s: { fault: { calls: 1, processes: true, reply: late } },
  sim_wrong_amount: { amountTaken: (asked) => (asked > 1 ? asked - 1 : asked + 1) },
  sim_wrong_currency: { currencyTaken: (asked) => (asked === 'USD' ? 'EUR' : 'USD') },
  sim_wrong_reference: { referenceSaid: (asked) => `another-${asked}` },
  sim_requires_action: { action: {} },
  sim_requires_action_declines: { action: { declines: 'card_declined' } },
  sim_requires_action_expires: { action: { lifetimeMs: SHORT_ACTION_MS } },
  sim_pending_succeeds: { processing: { endsAs: 'succeeded' } },
  sim_pending_fails: { processing: { endsAs: 'declined' } },
  sim_pending_expires: { processing: { endsAs: 'expired' } },
};

/** @returns undefined for a token that this PSP doesn't know. */
export function behaviourOf(token: string): Behaviour | undefined {
  if (isSimulatorToken(token)) return BEHAVIOURS[token];
  const calls = flakyCallsOf(token);
  return calls === undefined ? undefined : { fault: { calls, processes: false, reply: notProcessed } };
}
