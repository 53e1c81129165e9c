import type {
  PspAbilities,
  PspFinding,
  PspInvalidation,
  PspOutcome,
} from '../../domain/payment/psp-outcome.ts';

/** One charge to ask for. `reference` is the payment order's id, `idempotencyKey` comes from the instruction. */
export interface ChargeRequest {
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly paymentMethod: string;
}

/**
 * A payment service provider. No method throws for anything the PSP or the network does: every such event is an
 * outcome. All end soon after `signal` aborts, and no request of theirs outlives the returned promise.
 */
export interface Psp {
  readonly name: string;
  readonly abilities: PspAbilities;
  /** Sends the charge once, without retries of its own. */
  charge(request: ChargeRequest, signal: AbortSignal): Promise<PspOutcome>;
  /** Asks whether the charge exists, by the key it was sent with and the reference. */
  lookUp(request: ChargeRequest, signal: AbortSignal): Promise<PspFinding>;
  /**
   * Invalidates a charge by its key: the PSP refuses the key for ever, or says that the charge is completed. Only to be
   * called where `abilities.invalidatesByKey`. Safe to repeat: the answer to a key that is invalidated stays the same.
   */
  invalidate(request: ChargeRequest, signal: AbortSignal): Promise<PspInvalidation>;
}
