import { commandOf, parentOf } from './process-id.ts';

/** How soon it is noticed that npm has gone. */
const LOOK_MS = 500;

/**
 * Calls `onGone` once when npm has ended, or the shell that it runs a script in: a `kill -9` that neither can pass on must
 * not leave their script running. Does nothing for a script that npm didn't start.
 *
 * @param script by npm's name, `start`
 */
export function watchParents(script: string, env: NodeJS.ProcessEnv, onGone: () => void): void {
  if (env.npm_lifecycle_event !== script) return;
  const parent = process.ppid;
  // Some shells become the command they are given, others wait for it; npm is the parent of those.
  const waits = commandOf(parent)?.[1] === '-c';
  const npm = waits ? parentOf(parent) : parent;
  const timer = setInterval(() => {
    // Whose parent ends becomes the child of another process.
    if (process.ppid === parent && (!waits || parentOf(parent) === npm)) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS).unref();
}
