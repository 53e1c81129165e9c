import { randomBytes } from 'node:crypto';

/** Begins a trace, as AWS writes it into `X-Amzn-Trace-Id`. Here every request is sampled. */
export function newTraceHeader(now: number): string {
  const seconds = Math.floor(now / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=1`;
}
