import { type Fault, serverError } from './behaviours.ts';
import { silence } from './reply.ts';
import { MAX_DELAY_MS, type Settings } from './switches.ts';

/** From 0 up to but not including 1; injected, so that a test can choose the values. */
export type Random = () => number;

/**
 * A random fault, at the switches' rates. Every send is drawn separately, including repeats: a PSP that fails often also fails
 * often under the same key. If both rates together exceed 1, hanging takes precedence.
 */
export function rolledFault(settings: Settings, random: Random): Fault | undefined {
  const { hang_rate: hangRate, server_error_rate: errorRate } = settings;
  if (hangRate === 0 && errorRate === 0) return undefined;
  const roll = random();
  if (roll >= hangRate + errorRate) return undefined;
  const reply = roll < hangRate ? silence : serverError;
  return random() < 0.5 ? { calls: 1, processes: true, reply } : { calls: 1, processes: false, reply };
}

/** How long an answer takes in addition to its token's delay, in milliseconds. */
export function rolledLatencyMs(settings: Settings, random: Random): number {
  const { latency_ms: fixed, latency } = settings;
  return fixed + (latency === null ? 0 : logNormal(latency.median_ms, latency.sigma, random));
}

/** Two uniform numbers make a normal one (Box and Muller, 1958). The tail is cut where every caller has given up. */
function logNormal(median: number, sigma: number, random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(MAX_DELAY_MS, Math.round(median * Math.exp(sigma * normal)));
}
