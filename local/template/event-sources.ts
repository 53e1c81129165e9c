import { RefusedDeploymentError } from './errors.ts';
import { eventSourceProperties } from './properties.ts';
import type { ResourceReader } from './resource-reader.ts';
import type { EventSourceResource, FunctionResource, QueueResource } from './resources.ts';

/** SQS's default if the template has no value. */
const DEFAULT_VISIBILITY_SECONDS = 30;
/** Lambda's default if the template has no concurrency. */
const DEFAULT_CONCURRENCY = 5;

interface Ends {
  readonly queues: readonly QueueResource[];
  readonly functions: readonly FunctionResource[];
}

/** @throws UnknownResourceError, UnresolvableError, RefusedDeploymentError */
export function readEventSources(reader: ResourceReader, ends: Ends): readonly EventSourceResource[] {
  return reader.all('AWS::Lambda::EventSourceMapping', eventSourceProperties, (properties, found) => {
    const eventSource = {
      queueArn: properties.EventSourceArn,
      // An alias means its function: there is only one version here.
      functionName: properties.FunctionName.replace(/^.*function:/, '').replace(/:.*$/, ''),
      batchSize: properties.BatchSize,
      maxConcurrency: properties.ScalingConfig?.MaximumConcurrency ?? DEFAULT_CONCURRENCY,
      reportsItemFailures: (properties.FunctionResponseTypes ?? []).includes('ReportBatchItemFailures'),
    };
    const refusal = refusalOf(eventSource, ends);
    if (refusal === undefined) return eventSource;
    throw new RefusedDeploymentError(`${found.stack.name}: AWS would refuse ${found.logicalId}: ${refusal}`);
  });
}

/** A message would become visible again while the function still processes it. */
function refusalOf({ queueArn, functionName }: EventSourceResource, ends: Ends): string | undefined {
  const queue = ends.queues.find(({ arn }) => arn === queueArn);
  const target = ends.functions.find(({ name }) => name === functionName);
  if (queue === undefined || target === undefined) return undefined;
  const visibility = Number(queue.attributes.VisibilityTimeout ?? DEFAULT_VISIBILITY_SECONDS);
  if (visibility >= target.timeoutSeconds) return undefined;
  return `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${target.timeoutSeconds} seconds`;
}
