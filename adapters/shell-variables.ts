import http from 'node:http';
import { devNull } from 'node:os';

/**
 * Read by PostgreSQL's clients, by the AWS SDK and by whatever speaks HTTP, each without being asked to. A shell that is
 * set up for other servers holds them; all that runs on one machine is connected to by address, login and password.
 */
const FOREIGN = /^(PG[A-Z]|AWS_|(HTTP|HTTPS|ALL)_PROXY$|NODE_USE_ENV_PROXY$)/i;

/** The AWS SDK finds no files of settings or credentials in the user's home, as it finds none on Lambda. */
export const NO_AWS_FILES: Readonly<Record<string, string>> = {
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
};

/**
 * Keeps what the user's shell says about other servers from this process and its children, which speak to this machine
 * alone.
 *
 * @param env `process.env`
 * @returns the names of what was there
 */
export function forgetShellVariables(env: NodeJS.ProcessEnv): readonly string[] {
  const foreign = Object.keys(env).filter((name) => FOREIGN.test(name));
  for (const name of foreign) delete env[name];
  Object.assign(env, NO_AWS_FILES);
  // Node has read the proxies at its start, where it is told to; `*` is everything that goes past them.
  if (foreign.some((name) => /_PROXY$/i.test(name)))
    http.setGlobalProxyFromEnv({ http_proxy: 'http://127.0.0.1', no_proxy: '*' });
  return foreign;
}
