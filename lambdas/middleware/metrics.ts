import type { MiddlewareObj } from '@middy/core';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { embeddedMetrics } from '../../adapters/metrics/embedded-metrics.ts';
import { GatheringMeter, type Meter } from '../../adapters/metrics/meter.ts';
import { systemTime } from '../../adapters/time.ts';

const gathering = new GatheringMeter();

/** The function's meter: an environment carries out one invocation at a time. */
export const meter: Meter = gathering;

let known: { readonly stage: string; readonly service: string } | undefined;

/** Read when it is first asked for: an environment's variables stay as they are. */
function source() {
  if (known === undefined) {
    const { STAGE: stage, POWERTOOLS_SERVICE_NAME: service } = readEnvironment(variables.function);
    known = { stage, service };
  }
  return known;
}

/** Writes what an invocation has gathered, when it has ended, well or not: a line as a rule, none where nothing was. */
export function publishMetrics(): MiddlewareObj {
  const publish = () => {
    const measurements = gathering.drain();
    if (measurements.length === 0) return;
    const lines = embeddedMetrics(measurements, { ...source(), at: systemTime.now() });
    // Past the console, which Lambda would put a prefix to.
    for (const line of lines) process.stdout.write(`${line}\n`);
  };
  return { after: publish, onError: publish };
}
