/** The systems that do the same work; each is `systems/<name>.ts`, a process of its own. */
export const SYSTEMS = ['handlers', 'local-runtime', 'graphile-worker', 'pg-boss', 'skip-locked'] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** A system's start options: the last argument of its process, as JSON. */
export interface SystemStart {
  /** A fresh database with our schema. */
  readonly databaseUrl: string;
  readonly pspUrl: string;
}

/** A system's message when it serves, over the process's channel. */
export interface SystemReady {
  /** Ends in `/v1`. */
  readonly api: string;
  readonly apiKey: string;
  /** Where its payments are: its own database, or the one it was given. */
  readonly databaseUrl: string;
  /** Of a PostgreSQL server of its own. */
  readonly postgresPid?: number;
}
