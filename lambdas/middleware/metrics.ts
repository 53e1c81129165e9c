import type { MiddlewareObj } from '@middy/core';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { embeddedMetrics } from '../../adapters/metrics/embedded-metrics.ts';
import { GatheringMeter, type Meter } from '../../adapters/metrics/meter.ts';
import { systemTime } from '../../adapters/time.ts';

const gathering = new GatheringMeter();

/** The function's meter: an environment runs one invocation at a time. */
export const meter: Meter = gathering;

let known: { readonly stage: string; readonly service: string } | undefined;

/** Read once, lazily: an environment's variables don't change. */
function source() {
  if (known === undefined) {
    const { STAGE: stage, POWERTOOLS_SERVICE_NAME: service } = readEnvironment(variables.function);
    known = { stage, service };
  }
  return known;
}

/** Writes an invocation's metrics when it has ended, successfully or not: usually one line, none without metrics. */
export function publishMetrics(): MiddlewareObj {
  const publish = () => {
    const measurements = gathering.drain();
    if (measurements.length === 0) return;
    const lines = embeddedMetrics(measurements, { ...source(), at: systemTime.now() });
    // Bypasses the console, to which Lambda would add a prefix.
    for (const line of lines) process.stdout.write(`${line}\n`);
  };
  return { after: publish, onError: publish };
}
