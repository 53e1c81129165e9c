import { commandOf, parentOf } from './process-id.ts';

/** How soon npm's end is noticed. */
const LOOK_MS = 500;

/**
 * Calls `onGone` once when npm has ended, or the shell in which it runs a script: neither can forward a `kill -9`, which must
 * not leave their script running. Does nothing for a script that npm didn't start.
 *
 * @param script by npm's name, `start`
 */
export function watchParents(script: string, env: NodeJS.ProcessEnv, onGone: () => void): void {
  if (env.npm_lifecycle_event !== script) return;
  const parent = process.ppid;
  // Some shells exec their command, others wait for it; npm is the parent of those.
  const waits = commandOf(parent)?.[1] === '-c';
  const npm = waits ? parentOf(parent) : parent;
  const timer = setInterval(() => {
    // When the parent ends, its child becomes the child of another process.
    if (process.ppid === parent && (!waits || parentOf(parent) === npm)) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS).unref();
}
