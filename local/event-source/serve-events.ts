import type { Clock } from '../clock.ts';
import type { AsyncInvocations } from '../lambda/async-invocations.ts';
import type { Functions } from '../lambda/functions.ts';
import { RunningSchedule } from '../schedules/schedule.ts';
import type { RequestObserver } from '../service-request.ts';
import type { SqsEngine } from '../sqs/engine/sqs-engine.ts';
import type { Deployment, ScheduleResource } from '../template/resources.ts';
import { SqsEventSource } from './sqs-event-source.ts';

export interface EventOptions {
  readonly engine: SqsEngine;
  readonly functions: Functions;
  readonly invocations: AsyncInvocations;
  readonly region: string;
  readonly clock: Clock;
  readonly observer: RequestObserver;
  /** Whether the function's own policy lets a service invoke it. */
  readonly mayInvoke: (service: string, functionArn: string, sourceArn: string) => boolean;
}

export interface RunningEvents {
  /** Stops or restarts the polling of all queues. */
  pausePolling(paused: boolean): void;
  /**
   * Runs it now instead of when it is due; false if no schedule invokes the function.
   *
   * @param serviceName the function's, or `all`
   */
  runSchedule(serviceName: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Starts the event source mappings and schedules. */
export function serveEvents(deployment: Deployment, options: EventOptions): RunningEvents {
  const eventSources = deployment.eventSources.map((resource) => {
    const { engine, functions, region, clock, observer } = options;
    const queue = engine.queueByArn(resource.queueArn);
    if (queue === undefined) throw new Error(`${resource.queueArn} is not a queue of these templates`);
    const host = functions.byName(resource.functionName);
    return new SqsEventSource({ resource, engine, queue, host, region, clock, observer });
  });
  const schedules = deployment.schedules.map((resource) => startableSchedule(resource, options));
  for (const part of [...eventSources, ...schedules]) part.start();
  return {
    pausePolling: (paused) => {
      for (const eventSource of eventSources) eventSource.pause(paused);
    },
    runSchedule: async (serviceName) => {
      const isOf = (functionArn: string) =>
        options.functions.byArn(functionArn).resource.serviceName === serviceName;
      const found = schedules.filter(({ functionArns }) => serviceName === 'all' || functionArns.some(isOf));
      await Promise.all(found.map((schedule) => schedule.run()));
      return found.length > 0;
    },
    close: async () => {
      for (const schedule of schedules) schedule.close();
      await Promise.all(eventSources.map((eventSource) => eventSource.close()));
    },
  };
}

function startableSchedule(
  resource: ScheduleResource,
  { clock, invocations, mayInvoke }: EventOptions,
): RunningSchedule {
  return new RunningSchedule({
    resource,
    clock,
    invoke: (functionArn, event) => invocations.invoke(functionArn, event, 'events'),
    mayInvoke: (functionArn) => mayInvoke('events.amazonaws.com', functionArn, resource.arn),
  });
}
