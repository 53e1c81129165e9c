/** The stages of a pipeline: the database of `dev` pauses when idle, and `prod` takes real money. */
export const STAGES = ['dev', 'staging', 'prod'] as const;
export type Stage = (typeof STAGES)[number];
