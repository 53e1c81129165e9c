import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PipelineFunction } from '../constructs/pipeline-function.ts';
import { LISTING_INDEX } from '../constructs/simulator-record.ts';
import type { SimulatorContext } from '../function-context.ts';
import { queryIndex, readStageSecret, useTable } from '../grants.ts';
import { simulatorHostEnvironment } from './environment.ts';

/** The simulated PSPs' APIs. */
export class SimulatePsp extends PipelineFunction {
  constructor(scope: Construct, id: string, context: SimulatorContext) {
    const { data, simulator } = context;
    super(scope, id, {
      ...context,
      folder: 'simulate-psp',
      description: 'The simulated PSPs of a stage that takes no real money.',
      // Deliberately longer than the gateway waits: a charge lands up to a minute late, and an answer that never comes, or
      // comes too late, takes half a minute more.
      timeout: Duration.seconds(100),
      memorySize: 512,
      environment: simulatorHostEnvironment(context),
      grants: [
        ...useTable(data, simulator.table, [
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:Query',
          'dynamodb:UpdateItem',
        ]),
        queryIndex(simulator.table, LISTING_INDEX),
        ...readStageSecret(data, simulator.secret.secretArn),
      ],
    });
  }
}
