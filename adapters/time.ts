/** Time as an argument: milliseconds since the epoch, and timers. */
export interface Time {
  now(): number;
  /** Calls back once after `milliseconds`; the returned function cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemTime: Time = {
  now: () => Date.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Runs `work` with a signal that aborts after `milliseconds`; the timer never outlives the work. */
export async function withDeadline<T>(
  time: Time,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const cancel = time.after(milliseconds, () =>
    controller.abort(new Error(`no answer within ${milliseconds} ms`)),
  );
  try {
    return await work(controller.signal);
  } finally {
    cancel();
  }
}
