import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PipelineFunction } from '../constructs/pipeline-function.ts';
import { LISTING_INDEX } from '../constructs/simulator-record.ts';
import type { SimulatorContext } from '../function-context.ts';
import { queryIndex, readStageSecret, useTable } from '../grants.ts';
import { simulatorHostEnvironment } from './environment.ts';

/** The control address of the simulated PSPs. A separate function, so that it answers even if many PSP calls hang. */
export class ControlSimulator extends PipelineFunction {
  constructor(scope: Construct, id: string, context: SimulatorContext) {
    const { data, simulator } = context;
    super(scope, id, {
      ...context,
      folder: 'control-simulator',
      description: 'Shows the calls and charges of the simulated PSPs, and sets their switches.',
      timeout: Duration.seconds(25),
      memorySize: 512,
      environment: simulatorHostEnvironment(context),
      grants: [
        ...useTable(data, simulator.table, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query']),
        queryIndex(simulator.table, LISTING_INDEX),
        ...readStageSecret(data, simulator.secret.secretArn),
      ],
    });
  }
}
