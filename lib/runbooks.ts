/** The pages in docs/runbooks, one per kind of alarm. A test holds the two together. */
export const RUNBOOKS = ['dead-letters-wait', 'deployment-rolled-back'] as const;

export type Runbook = (typeof RUNBOOKS)[number];
