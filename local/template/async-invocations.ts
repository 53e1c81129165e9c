import * as z from 'zod';
import type { ResourceReader } from './resource-reader.ts';
import type { AsyncInvocationResource } from './resources.ts';

/** Only standard queues are supported for records of failures; successes have no destination. */
const standardQueueArn = z.string().regex(/^arn:aws:sqs:.*(?<!\.fifo)$/, 'not the ARN of a standard queue');

const asyncInvocationProperties = {
  honoured: z.object({
    FunctionName: z.string(),
    Qualifier: z.string(),
    MaximumRetryAttempts: z.number().int().min(0).max(2).default(2),
    MaximumEventAgeInSeconds: z.number().int().min(60).max(21_600).default(21_600),
    DestinationConfig: z
      .strictObject({ OnFailure: z.strictObject({ Destination: standardQueueArn }) })
      .optional(),
  }),
  inert: {},
};

/** How Lambda retries and drops the events of an alias. An alias without such settings has Lambda's defaults. */
export function readAsyncInvocations(reader: ResourceReader): readonly AsyncInvocationResource[] {
  return reader.all('AWS::Lambda::EventInvokeConfig', asyncInvocationProperties, (properties) => ({
    functionName: properties.FunctionName,
    qualifier: properties.Qualifier,
    maximumRetryAttempts: properties.MaximumRetryAttempts,
    maximumEventAgeMilliseconds: properties.MaximumEventAgeInSeconds * 1000,
    failureDestinationArn: properties.DestinationConfig?.OnFailure.Destination,
  }));
}
