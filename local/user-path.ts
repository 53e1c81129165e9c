import { resolve } from 'node:path';

/**
 * A path as its user means it: from where they typed the command. npm changes into the project's folder before it runs
 * a script, `npm --prefix` for one, and says in INIT_CWD where it came from.
 *
 * @param cwd where this process is: npm's variable is about another one where that isn't the project's folder
 */
export function userPath(
  path: string,
  env: NodeJS.ProcessEnv,
  { cwd, root }: { readonly cwd: string; readonly root: string },
): string {
  const isScript = env.npm_lifecycle_event !== undefined && resolve(cwd) === resolve(root);
  return resolve(isScript ? (env.INIT_CWD ?? cwd) : cwd, path);
}
