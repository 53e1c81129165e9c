/** The stages of a pipeline, from the one that sleeps when nobody pays to the one that takes real money. */
export const STAGES = ['dev', 'staging', 'prod'] as const;
export type Stage = (typeof STAGES)[number];
