/**
 * What `call` comes to, or an error once it has taken too long. Time-outs of the SDK's clients count from the request to
 * the answer's first byte, then from byte to byte, and begin anew with each repeat; an `AbortSignal` would cost a client
 * its cached steps with each call.
 *
 * @throws Error when no answer came within `milliseconds`: what was asked for may have been done, or may be yet
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
