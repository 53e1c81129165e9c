import { SIMULATOR } from '../../../domain/payment/payment-method.ts';
import type { PspAbilities } from '../../../domain/payment/psp-abilities.ts';
import { createHttpExchange, type ExchangeHttp, type HttpExchange } from '../http-exchange.ts';
import { createKeyedExchange, fixedKey, type HeldKey } from '../keyed-exchange.ts';
import type { Psp, Traced } from '../psp.ts';
import { PSP_SIMULATOR_ABILITIES } from './abilities.ts';
import {
  classifyCharge,
  classifyEntries,
  classifyInvalidation,
  classifyLookUp,
  classifyShownCharge,
  isKeyRefused,
} from './classify.ts';
import { parseSimulatorEvent, type SigningSecrets } from './parse-event.ts';
import { callOf, entriesCall, invalidationCall, lookUpCall } from './requests.ts';

/** Everything that the adapter is made of. */
export interface SimulatorAdapterParts {
  readonly account: string;
  /** With the simulator's address, without the API's path. */
  readonly exchange: ExchangeHttp;
  readonly held: HeldKey | undefined;
  readonly credentialVersion: string | null;
  readonly signingSecrets: SigningSecrets;
  /** The abilities that the simulator's switches have changed. */
  readonly abilities?: PspAbilities;
  /** Milliseconds since the epoch: a PSP's Retry-After may be a date. */
  readonly now?: () => number;
}

/** The adapter of the PSP simulator, whose API is like most real ones: JSON, a bearer key, an idempotency key. */
export function createSimulatorAdapter(parts: SimulatorAdapterParts): Psp {
  const { account, credentialVersion, signingSecrets, now = Date.now } = parts;
  const { abilities = PSP_SIMULATOR_ABILITIES } = parts;
  const exchange = createKeyedExchange(
    parts.exchange,
    parts.held,
    (key) => ({ authorization: `Bearer ${key}` }),
    isKeyRefused,
  );
  return {
    account,
    abilities,
    credentialVersion,
    async execute(request, signal) {
      const call = callOf(request);
      if (call === undefined) return unsupported(`${request.operation}, version ${request.requestVersion}`);
      const exchanged = await exchange(call, signal);
      return traced(classifyCharge(exchanged, now()), exchanged);
    },
    async find(request, signal) {
      const { pspReference } = request;
      const exchanged = await exchange(lookUpCall(request), signal);
      const finding =
        pspReference === undefined
          ? classifyLookUp(exchanged, now())
          : classifyShownCharge(exchanged, pspReference, now());
      return traced(finding, exchanged);
    },
    async invalidate(request, signal) {
      const exchanged = await exchange(invalidationCall(request), signal);
      return traced(classifyInvalidation(exchanged, request.idempotencyKey, now()), exchanged);
    },
    parseEvent: (raw) => parseSimulatorEvent(raw, signingSecrets),
    async movements(period, cursor, signal) {
      return classifyEntries(await exchange(entriesCall(period, cursor), signal), now());
    },
  };
}

export interface PspSimulatorSettings extends Pick<SimulatorAdapterParts, 'abilities' | 'now'> {
  /** `simulator` by default. */
  readonly account?: string;
  /** The simulator's address, without the API's path. */
  readonly url: string;
  readonly apiKey: string;
}

/** The adapter with a constant key, for a simulator that is nobody's account. It accepts no events. */
export function createPspSimulator({ account = SIMULATOR, url, apiKey, ...rest }: PspSimulatorSettings): Psp {
  return createSimulatorAdapter({
    account,
    exchange: createHttpExchange(url),
    held: fixedKey(apiKey),
    credentialVersion: 'constant',
    signingSecrets: NO_SECRETS,
    ...rest,
  });
}

const NO_SECRETS: SigningSecrets = { read: async () => [], refresh: async () => [] };

function traced<Answer extends object>(answer: Answer, exchange: HttpExchange): Traced<Answer> {
  const trace = exchange.kind === 'answered' ? exchange.trace : {};
  const traceOrNone: Traced<object> = Object.keys(trace).length === 0 ? {} : { trace };
  return { ...answer, ...traceOrNone };
}

function unsupported(what: string) {
  return { kind: 'misconfigured', reason: `this version of the code has no ${what}` } as const;
}
