import http from 'node:http';
import { devNull } from 'node:os';

/**
 * Variables that PostgreSQL's clients, the AWS SDK and HTTP clients read implicitly. A shell configured for other servers may
 * have them; connections on one machine use an explicit address, login and password.
 */
const FOREIGN = /^(PG[A-Z]|AWS_|(HTTP|HTTPS|ALL)_PROXY$|NODE_USE_ENV_PROXY$)/i;

/** Keeps the AWS SDK from reading settings or credentials in the user's home, as on Lambda. */
export const NO_AWS_FILES: Readonly<Record<string, string>> = {
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
};

/**
 * Removes the shell's settings for other servers from this process and its children, which connect only to this machine.
 *
 * @param env `process.env`
 * @returns the names of the removed variables
 */
export function forgetShellVariables(env: NodeJS.ProcessEnv): readonly string[] {
  const foreign = Object.keys(env).filter((name) => FOREIGN.test(name));
  for (const name of foreign) delete env[name];
  Object.assign(env, NO_AWS_FILES);
  // Node may have read the proxies at its start; `*` bypasses them for everything.
  if (foreign.some((name) => /_PROXY$/i.test(name)))
    http.setGlobalProxyFromEnv({ http_proxy: 'http://127.0.0.1', no_proxy: '*' });
  return foreign;
}
