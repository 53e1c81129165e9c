import type { ExchangeHttp, HttpCall, HttpExchange } from './http-exchange.ts';

/**
 * Our API key at a PSP as one batch of instructions holds it. All calls of the batch are made with it: the claim has stored its
 * version, on which it depends whether a later attempt may send again (rule 23).
 */
export interface HeldKey {
  readonly key: string;
  /** Looks for another version of the key, after the PSP has refused this one. */
  isReplaced(): Promise<boolean>;
}

/** A constant key. */
export function fixedKey(key: string): HeldKey {
  return { key, isReplaced: async () => false };
}

/** The reason of a call that wasn't made, or was refused, because of our key alone. */
const ROTATED = 'our key was rotated: the next attempt uses the new one';
const UNREADABLE = 'our key can’t be read';

/**
 * Exchanges with our API key. A refused key may have been rotated since it was read. Then nothing was sent, since a PSP that
 * refuses a key has done nothing; and nothing is repeated under the new key, which the claim of this attempt doesn't name.
 *
 * @param held undefined while the key can't be read: nothing is sent
 * @param headersWith the headers with the key
 * @param isRefused whether the answer refuses the key, and only that
 */
export function createKeyedExchange(
  exchange: ExchangeHttp,
  held: HeldKey | undefined,
  headersWith: (key: string) => Readonly<Record<string, string>>,
  isRefused: (answer: HttpExchange) => boolean,
): ExchangeHttp {
  if (held === undefined) return async () => ({ kind: 'not_connected', reason: UNREADABLE });
  return async (call: HttpCall, signal: AbortSignal) => {
    const answer = await exchange(
      { ...call, headers: { ...call.headers, ...headersWith(held.key) } },
      signal,
    );
    if (!isRefused(answer) || !(await inTime(held.isReplaced(), signal))) return answer;
    return { kind: 'not_connected', reason: ROTATED, isOurs: true };
  };
}

/** False if it fails or the deadline comes first. */
async function inTime(asking: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  const { promise: aborted, resolve } = Promise.withResolvers<false>();
  const abort = () => resolve(false);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const first = await Promise.race([asking.catch(() => false), aborted]);
  signal.removeEventListener('abort', abort);
  return first;
}
