import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ServingFunction } from '../constructs/serving-function.ts';
import type { FunctionContext } from '../function-context.ts';

export class ReadPayment extends ServingFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      ...context,
      folder: 'read-payment',
      description: 'Shows payments.',
      // Below the gateway's 29 s, so that the caller gets our answer and not the gateway's.
      timeout: Duration.seconds(25),
      memorySize: 512,
    });
  }
}
