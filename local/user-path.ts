import { resolve } from 'node:path';

/**
 * Resolves a path relative to the folder in which the user typed the command. npm changes into the project's folder before it
 * runs a script, also with `npm --prefix`, and sets INIT_CWD to the original one.
 *
 * @param cwd this process's folder: if that isn't the project's, npm's variable belongs to another process
 */
export function userPath(
  path: string,
  env: NodeJS.ProcessEnv,
  { cwd, root }: { readonly cwd: string; readonly root: string },
): string {
  const isScript = env.npm_lifecycle_event !== undefined && resolve(cwd) === resolve(root);
  return resolve(isScript ? (env.INIT_CWD ?? cwd) : cwd, path);
}
