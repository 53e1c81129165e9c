/** The pages in docs/runbooks, one per kind of alarm. A test holds the two together. */
export const RUNBOOKS = ['dead-letters-wait'] as const;

export type Runbook = (typeof RUNBOOKS)[number];
