const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** @param hostname as `URL` gives it */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname);
}
