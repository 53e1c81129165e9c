import * as z from 'zod/mini';

/**
 * What an instruction tells its adapter beside operation, amount, currency and ids. Frozen when it is accepted: the adapter
 * builds the same bytes from it in every attempt and in every later release.
 */
export const instructionRequestSchema = z.object({
  payment_method: z.string(),
  /** Where the buyer comes back to after a redirect. */
  return_url: z.optional(z.string()),
});
export type InstructionRequest = z.infer<typeof instructionRequestSchema>;

/** How adapters read a request; a change of what is sent takes the next number and leaves the old one as it was. */
export const INSTRUCTION_REQUEST_VERSION = 1;
