/** The adapters that an account at a PSP may name. */
export const PSP_ADAPTERS = ['simulator'] as const;
export type PspAdapter = (typeof PSP_ADAPTERS)[number];
