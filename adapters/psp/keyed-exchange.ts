import type { ExchangeHttp, HttpCall, HttpExchange } from './http-exchange.ts';

/** The source of our API key at a PSP. */
export interface PspKey {
  read(): Promise<string>;
  /** Reads the key again, after the PSP has refused it. */
  refresh(): Promise<string>;
}

/** A constant key. */
export function fixedKey(key: string): PspKey {
  return { read: async () => key, refresh: async () => key };
}

/**
 * Exchanges with our API key. A refused key may have been rotated since it was read: it is read again, and the request is
 * repeated once if the key has changed. A PSP that refuses a key has done nothing, so nothing is sent twice.
 *
 * @param headersWith the headers with the key
 * @param isRefused whether the answer refuses the key, and only that
 */
export function createKeyedExchange(
  exchange: ExchangeHttp,
  key: PspKey,
  headersWith: (key: string) => Readonly<Record<string, string>>,
  isRefused: (answer: HttpExchange) => boolean,
): ExchangeHttp {
  const send = (call: HttpCall, shown: string, signal: AbortSignal) =>
    exchange({ ...call, headers: { ...call.headers, ...headersWith(shown) } }, signal);
  return async (call, signal) => {
    const known = await inTime(key.read(), signal);
    if (known === undefined) return { kind: 'not_connected', reason: 'our key can’t be read' };
    const answer = await send(call, known, signal);
    if (!isRefused(answer)) return answer;
    const current = await inTime(key.refresh(), signal);
    return current === undefined || current === known ? answer : send(call, current, signal);
  };
}

/** Undefined if it fails or the deadline comes first; then nothing is sent. */
async function inTime(reading: Promise<string>, signal: AbortSignal): Promise<string | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const abort = () => resolve(undefined);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const read = reading.catch(() => undefined);
  const first = await Promise.race([read, aborted]);
  signal.removeEventListener('abort', abort);
  return first;
}
