import type { PspAbilities } from '../../domain/payment/psp-abilities.ts';
import type { PspFinding, PspInvalidation, PspOutcome } from '../../domain/payment/psp-outcome.ts';
import type { PspEvent, RawEvent } from './psp-event.ts';
import type { ListedMovements, Period } from './psp-movement.ts';

interface EveryRequest {
  /** The id of the payment order or payout. */
  readonly reference: string;
  /** Derived from the instruction. */
  readonly idempotencyKey: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** Frozen with the instruction: all attempts of one version send the same bytes, also after a deployment. */
  readonly requestVersion: number;
  /** The PSP's id of the object that this instruction made, once it is known. */
  readonly pspReference?: string;
}

interface BuyersRequest extends EveryRequest {
  readonly paymentMethod: string;
  /** Where the PSP sends a buyer who has acted. */
  readonly returnUrl?: string;
}

interface LaterRequest extends EveryRequest {
  /** The PSP's id of the object that is captured, voided or refunded. */
  readonly parentPspReference: string;
}

export interface ChargeRequest extends BuyersRequest {
  readonly operation: 'charge';
}

/** One operation to carry out at a PSP. */
export type PspRequest =
  | ChargeRequest
  | (BuyersRequest & { readonly operation: 'authorize' })
  | (LaterRequest & { readonly operation: 'capture' | 'void' | 'refund' })
  | (EveryRequest & { readonly operation: 'payout' });

/** An answer with the headers that identify it at the PSP: evidence, which decides nothing. */
export type Traced<Answer> = Answer & { readonly trace?: Readonly<Record<string, string>> };

/**
 * One account at a payment service provider. No method but `parseEvent` throws for anything the PSP or the network does:
 * every such event is an outcome. Each ends soon after `signal` aborts, and no request outlives the returned promise. An
 * operation or a request version that the adapter doesn't know is `misconfigured`: nothing is sent.
 */
export interface Psp {
  readonly account: string;
  readonly abilities: PspAbilities;
  /** The version of the credentials with which it makes all calls; null if it has none, so that nothing is sent. */
  readonly credentialVersion: string | null;
  /** Sends the request once, without retries of its own. Confirms the object that `pspReference` names, if it is given. */
  execute(request: PspRequest, signal: AbortSignal): Promise<Traced<PspOutcome>>;
  /** Looks up the object by the PSP's id if it is known, otherwise by the key that it was sent with and the reference. */
  find(request: PspRequest, signal: AbortSignal): Promise<Traced<PspFinding>>;
  /**
   * Invalidates a request by its key: the PSP refuses the key for ever, or reports that the object is completed. Call it
   * only if the operation's `invalidatesByKey`. Safe to repeat: the PSP answers the same again.
   */
  invalidate(request: PspRequest, signal: AbortSignal): Promise<Traced<PspInvalidation>>;
  /**
   * Verifies the signature of an event and reads which object it is about. The event's content is never believed: it says
   * what to look up.
   *
   * @throws when the signing secrets can't be read, so that the PSP sends the event again
   */
  parseEvent(raw: RawEvent): Promise<PspEvent>;
  /**
   * A page of the money that the PSP moved in a period, by its own account of it. It may show an entry late, and shows what it
   * has shown before: the period of the next call overlaps with this one's.
   *
   * @param cursor that of the page before; undefined for the first page
   */
  movements(period: Period, cursor: string | undefined, signal: AbortSignal): Promise<ListedMovements>;
}
