/**
 * Returns the result of `call`, or throws once it has taken too long. The SDK clients' own time-outs count from the request to the
 * answer's first byte, then from byte to byte, and restart with each retry; an `AbortSignal` would invalidate a client's cached
 * middleware with each call.
 *
 * @throws Error if no answer came within `milliseconds`; the request may have taken effect, or may still do so
 */
export async function within<T>(milliseconds: number, call: Promise<T>): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([call, expired]);
  } finally {
    clearTimeout(timer);
  }
}
