/** The simulated PSP's reply after its decision. */
export type Reply =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly delayMs: number;
    }
  /** The connection is held open without an answer. */
  | { readonly kind: 'silence' };

export type Answer = Extract<Reply, { kind: 'answer' }>;

export const silence = (): Reply => ({ kind: 'silence' });

export function answer(status: number, content: unknown): Answer {
  return { kind: 'answer', status, body: JSON.stringify(content), delayMs: 0 };
}

/** The shape of every error of the PSP's API and of its control address. */
export function apiError(status: number, code: string, message: string, parameter?: string): Answer {
  return answer(status, {
    error: { code, message, ...(parameter === undefined ? {} : { param: parameter }) },
  });
}
