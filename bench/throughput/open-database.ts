import { createDirectDatabase, type DirectDatabase } from '../../adapters/database/direct-database.ts';
import { PLANNING } from '../../adapters/database/set-up/logins.ts';

/** With the executor's settings for all systems: each finds its rows by key. */
export function openDatabase(databaseUrl: string, connections: number): DirectDatabase {
  const url = new URL(databaseUrl);
  const settings = Object.entries(PLANNING.execute ?? {}).map(([setting, value]) => `-c ${setting}=${value}`);
  url.searchParams.set('options', settings.join(' '));
  return createDirectDatabase(url.href, connections);
}
