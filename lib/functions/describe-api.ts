import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ServingFunction } from '../constructs/serving-function.ts';
import type { FunctionContext } from '../function-context.ts';

export class DescribeApi extends ServingFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      ...context,
      folder: 'describe-api',
      description: 'Answers the health check and the OpenAPI document.',
      timeout: Duration.seconds(5),
      memorySize: 256,
    });
  }
}
