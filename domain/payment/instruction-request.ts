/**
 * What an instruction tells its adapter beside operation, amount, currency and ids. Frozen when it is accepted: the adapter
 * builds the same bytes from it in every attempt and in every later release.
 */
export interface InstructionRequest {
  readonly payment_method: string;
  /** Where the buyer goes after coming back from the PSP: the merchant's. */
  readonly return_url?: string | undefined;
  /** Where the PSP sends the buyer back to: ours, without the order's id. Only with a `return_url`. */
  readonly returns_at?: string | undefined;
}

/** How adapters read a request; a change of what is sent takes the next number and leaves the old one as it was. */
export const INSTRUCTION_REQUEST_VERSION = 1;
