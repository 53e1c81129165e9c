/**
 * One deployment at a time, until the transaction's end: a lock of our own number, with the pipeline's short
 * `statement_timeout` lifted first, since what another deployment does may take long.
 */
export const ONE_AT_A_TIME = [
  `select set_config('statement_timeout', '0', true)`,
  'select pg_advisory_xact_lock(7082341190)::text as locked',
];
