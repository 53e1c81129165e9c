import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ServingFunction } from '../constructs/serving-function.ts';
import type { FunctionContext } from '../function-context.ts';

export class AuthorizeMerchant extends ServingFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      ...context,
      folder: 'authorize-merchant',
      description: 'Resolves an API key to its merchant.',
      timeout: Duration.seconds(10),
      // CPU is proportional to memory: below this the cold start grows faster than the price falls.
      memorySize: 512,
      environment: {
        TAKES_REAL_MONEY: String(context.config.takesRealMoney),
      },
    });
  }
}
