import { Duration } from 'aws-cdk-lib';
import { EndpointType, LambdaIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledge, OF_SIMULATOR_API, OF_SIMULATOR_STAGE } from '../acknowledgements.ts';
import type { StageConfig } from '../stage-config.ts';

export interface SimulatorApiProps {
  readonly config: StageConfig;
  readonly simulatePsp: IFunction;
  readonly controlSimulator: IFunction;
}

/** The longest that the gateway waits: what hangs ends with its 504. */
const TIMEOUT = Duration.seconds(29);

/**
 * The simulated PSPs and their control address over HTTPS. The functions ask for the caller's key themselves, as a PSP
 * does: the executor calls this like any PSP, and no gateway stands before those.
 */
export class SimulatorApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: SimulatorApiProps) {
    super(scope, id);
    const { rateLimit, burstLimit } = props.config.api;
    this.api = new RestApi(this, 'RestApi', {
      restApiName: `oncepay-${props.config.name}-simulator`,
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: {
        stageName: 'psp',
        tracingEnabled: true,
        // As many calls as payments: each is one send and, now and then, a question.
        throttlingRateLimit: rateLimit,
        throttlingBurstLimit: burstLimit,
      },
    });
    acknowledge(this.api, OF_SIMULATOR_API);
    acknowledge(this.api.deploymentStage, OF_SIMULATOR_STAGE);
    this.addPsp('simulator', props.simulatePsp);
    this.addPsp('simulator_2', props.simulatePsp);
    this.addControl(props.controlSimulator);
  }

  private addPsp(name: string, handler: IFunction): void {
    const integration = integrationOf(handler);
    const v1 = this.api.root.addResource(name).addResource('v1');
    const charges = v1.addResource('charges');
    charges.addMethod('POST', integration);
    charges.addMethod('GET', integration);
    v1.addResource('cancellations').addMethod('POST', integration);
  }

  private addControl(handler: IFunction): void {
    const integration = integrationOf(handler);
    for (const path of ['charges', 'requests', 'stats']) {
      this.api.root.addResource(path).addMethod('GET', integration);
    }
    const control = this.api.root.addResource('control');
    control.addMethod('GET', integration);
    control.addMethod('POST', integration);
  }
}

function integrationOf(handler: IFunction): LambdaIntegration {
  return new LambdaIntegration(handler, { allowTestInvoke: false, timeout: TIMEOUT });
}
