/** The pages in docs/runbooks, one per alarm. A test compares both. */
export const RUNBOOKS = [
  'api-errors',
  'api-refusals',
  'api-slow',
  'circuit-open',
  'database-at-capacity',
  'database-failing',
  'dead-letters-wait',
  'executor-errors',
  'executor-throttled',
  'firewall-blocks',
  'migrations-failing',
  'money-in-unknown',
  'payments-stuck',
  'payments-wait-in-queue',
  'pipeline-unmeasured',
  'purge-failing',
  'purge-stopped',
  'quarantine-waits',
  'redrive-failing',
  'relay-stopped',
  'rotation-failing',
  'scheduled-runs-failing',
  'trial-balance-broken',
] as const;

export type Runbook = (typeof RUNBOOKS)[number];
