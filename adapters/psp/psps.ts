import type { PspAbilities } from '../../domain/payment/psp-abilities.ts';
import {
  type CachedSecret,
  createCachedSecret,
  createSecretsClient,
  type SecretValue,
} from '../secrets/secret-reader.ts';
import type { Time } from '../time.ts';
import { ABILITIES } from './abilities.ts';
import type { PspAdapter } from './adapter-names.ts';
import type { PspCredentials } from './credentials.ts';
import { createHttpExchange, type ExchangeHttp } from './http-exchange.ts';
import type { HeldKey } from './keyed-exchange.ts';
import type { Psp } from './psp.ts';
import { readSimulatorCredentials } from './simulator/api-keys.ts';
import type { SigningSecrets } from './simulator/parse-event.ts';
import { createSimulatorAdapter } from './simulator/psp-simulator.ts';

/** One account at a PSP, as the stage's settings name it. */
export interface PspAccount {
  /** Stored with each payment. */
  readonly name: string;
  readonly adapter: PspAdapter;
  /** The PSP's address. */
  readonly url: string;
  readonly secret: CachedSecret;
}

/** The accounts of a stage. */
export interface Psps {
  readonly abilities: readonly PspAbilities[];
  /** Who reads the events of each account, with the signing secrets of the moment. */
  readonly events: ReadonlyMap<string, Pick<Psp, 'parseEvent'>>;
  /**
   * The adapters by account, each with the credentials of now, which it keeps: to be read before a claim, which stores their
   * versions. Makes no request as long as the cached secrets are fresh. An account whose secret can't be read in time keeps the
   * credentials of before; without any, it sends nothing.
   */
  hold(): Promise<ReadonlyMap<string, Psp>>;
}

export interface PspsOptions {
  readonly accounts: readonly PspAccount[];
  readonly time: Time;
  /** How long a secret may take to be read again, in milliseconds. */
  readonly deadlineMs: number;
  warn(message: string, detail: Readonly<Record<string, unknown>>): void;
}

/** An account in a function's variables. */
type NamedAccount = Omit<PspAccount, 'secret'> & { readonly secretArn: string };

/**
 * The accounts with their secrets, each of which is read once however many accounts share it.
 *
 * @param now milliseconds since the epoch
 */
export function readAccounts(accounts: readonly NamedAccount[], now: () => number): readonly PspAccount[] {
  const client = createSecretsClient();
  const secrets = new Map<string, CachedSecret>();
  return accounts.map(({ secretArn, ...account }) => {
    const secret = secrets.get(secretArn) ?? createCachedSecret(client, secretArn, now);
    secrets.set(secretArn, secret);
    return { ...account, secret };
  });
}

/** CONTRIBUTING.md lists all that a new PSP needs. */
export function createPsps(options: PspsOptions): Psps {
  const holders = options.accounts.map((account) => new Holder(account, options));
  return {
    abilities: options.accounts.map(({ adapter }) => ABILITIES[adapter]),
    events: new Map(holders.map((holder) => [holder.name, holder.events])),
    async hold() {
      const held = await Promise.all(holders.map((holder) => holder.hold()));
      return new Map(held.map((psp) => [psp.account, psp]));
    },
  };
}

/** Everything that an adapter is made of. */
interface AdapterParts {
  readonly account: string;
  readonly exchange: ExchangeHttp;
  readonly credentialVersion: string | null;
  readonly held: HeldKey | undefined;
  readonly signingSecrets: SigningSecrets;
}

/** What the code knows of each adapter. */
const FACTORIES: Readonly<
  Record<
    PspAdapter,
    {
      readonly create: (parts: AdapterParts) => Psp;
      /** @throws PspCredentialsError */
      readonly credentialsOf: (account: string, secret: string) => PspCredentials;
    }
  >
> = { simulator: { create: createSimulatorAdapter, credentialsOf: readSimulatorCredentials } };

/**
 * How long the first reading may take, which comes with a cold start. Without it nothing is sent, and a whole batch of unsent
 * calls would open the circuit of a PSP that is well. Calls that then have too little time left don't start (rule 5).
 */
const FIRST_READING_MS = 5_000;

/** One account's adapter, made anew for each version of its credentials. Its connections are kept. */
class Holder {
  private readonly account: PspAccount;
  private readonly options: PspsOptions;
  private readonly exchange: ExchangeHttp;
  private held: Psp;

  get name(): string {
    return this.account.name;
  }

  /** Signing secrets don't depend on what is held. */
  get events(): Pick<Psp, 'parseEvent'> {
    return this.held;
  }

  constructor(account: PspAccount, options: PspsOptions) {
    this.account = account;
    this.options = options;
    this.exchange = createHttpExchange(account.url, () => options.time.now());
    this.held = this.adapter(null, undefined);
  }

  /** With the last credentials, or none, if they can't be read in time. */
  async hold(): Promise<Psp> {
    const { name, adapter, secret } = this.account;
    try {
      const { text, versionId } = await this.inTime(secret.read());
      if (versionId === this.held.credentialVersion) return this.held;
      const { apiKey } = FACTORIES[adapter].credentialsOf(name, text);
      const isReplaced = async () => (await secret.refresh()).versionId !== versionId;
      this.held = this.adapter(versionId, { key: apiKey, isReplaced });
    } catch (error) {
      this.options.warn('the secret of a PSP account can’t be read', { psp_account: name, error });
    }
    return this.held;
  }

  private adapter(credentialVersion: string | null, held: HeldKey | undefined): Psp {
    const { name: account, adapter, secret } = this.account;
    const signing = ({ text }: SecretValue) => FACTORIES[adapter].credentialsOf(account, text).signingSecrets;
    const signingSecrets = {
      read: async () => signing(await secret.read()),
      refresh: async () => signing(await secret.refresh()),
    };
    return FACTORIES[adapter].create({
      account,
      exchange: this.exchange,
      credentialVersion,
      held,
      signingSecrets,
    });
  }

  private async inTime<T>(reading: Promise<T>): Promise<T> {
    const { time } = this.options;
    const deadlineMs = this.held.credentialVersion === null ? FIRST_READING_MS : this.options.deadlineMs;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = time.after(deadlineMs, () => reject(new Error(`no answer within ${deadlineMs} ms`)));
    try {
      return await Promise.race([reading, late]);
    } finally {
      cancel();
    }
  }
}
