import type { ChargeRequest, Psp, Traced } from '../../adapters/psp/psp.ts';

/** What the contract needs of a PSP's sandbox and of its adapter. */
export interface PspUnderTest {
  /** The adapter at the sandbox. */
  readonly psp: Psp;
  /** The same adapter with a key that the sandbox refuses. */
  readonly withWrongKey: Psp;
  /** The same adapter at another address. */
  at(url: string): Psp;
  readonly tokens: { readonly succeeds: string; readonly declines: string };
  /** How often the sandbox took money for a reference. */
  timesCharged(reference: string): Promise<number>;
  /** The time at the sandbox, in milliseconds since the epoch. */
  now(): number;
  /** Lets pass what the PSP declares its look-up may lag. */
  passLookUpLag(): Promise<void>;
  close(): Promise<void>;
}

let serial = 0;

/** A charge that nobody else asks for. */
export function aCharge(paymentMethod: string, overrides: Partial<ChargeRequest> = {}): ChargeRequest {
  serial += 1;
  const name = `${process.pid}_${serial}`;
  return {
    operation: 'charge',
    requestVersion: 1,
    reference: `ord_${name}`,
    idempotencyKey: `ins_${name}`,
    amountMinor: 15000n,
    currency: 'KRW',
    paymentMethod,
    ...overrides,
  };
}

/** No deadline: where one matters, the test aborts by itself. */
export const noDeadline = () => new AbortController().signal;

/** The adapters without the ids that the PSP gives each answer: repeats differ in nothing else. */
export function untraced(sandbox: PspUnderTest): PspUnderTest {
  return {
    ...sandbox,
    psp: withoutTraces(sandbox.psp),
    withWrongKey: withoutTraces(sandbox.withWrongKey),
    at: (url) => withoutTraces(sandbox.at(url)),
  };
}

function withoutTraces(psp: Psp): Psp {
  const { execute, find, invalidate } = psp;
  return {
    ...psp,
    execute: async (request, signal) => withoutTrace(await execute(request, signal)),
    find: async (request, signal) => withoutTrace(await find(request, signal)),
    invalidate: async (request, signal) => withoutTrace(await invalidate(request, signal)),
  };
}

function withoutTrace<Answer extends object>(answer: Traced<Answer>): Answer {
  const { trace: _, ...rest } = answer;
  return rest as Answer;
}
