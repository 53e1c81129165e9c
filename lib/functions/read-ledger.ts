import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ServingFunction } from '../constructs/serving-function.ts';
import type { FunctionContext } from '../function-context.ts';

export class ReadLedger extends ServingFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      ...context,
      folder: 'read-ledger',
      description: 'Shows wallets and the trial balance.',
      // Below the gateway's 29 s, so that the caller gets our answer and not the gateway's.
      timeout: Duration.seconds(25),
      memorySize: 512,
    });
  }
}
