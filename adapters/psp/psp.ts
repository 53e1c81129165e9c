import type {
  PspAbilities,
  PspFinding,
  PspInvalidation,
  PspOutcome,
} from '../../domain/payment/psp-outcome.ts';

/** One charge to request. `reference` is the payment order's id; `idempotencyKey` is derived from the instruction. */
export interface ChargeRequest {
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly paymentMethod: string;
}

/**
 * A payment service provider. No method throws for anything the PSP or the network does: every such event is an
 * outcome. Each ends soon after `signal` aborts, and no request outlives the returned promise.
 */
export interface Psp {
  readonly name: string;
  readonly abilities: PspAbilities;
  /** Sends the charge once, without retries of its own. */
  charge(request: ChargeRequest, signal: AbortSignal): Promise<PspOutcome>;
  /** Looks up the charge by the key it was sent with and the reference. */
  lookUp(request: ChargeRequest, signal: AbortSignal): Promise<PspFinding>;
  /**
   * Invalidates a charge by its key: the PSP refuses the key for ever, or reports that the charge is completed. Call it only
   * if `abilities.invalidatesByKey`. Safe to repeat: the PSP answers the same again.
   */
  invalidate(request: ChargeRequest, signal: AbortSignal): Promise<PspInvalidation>;
}
