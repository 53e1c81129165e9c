import { Duration } from 'aws-cdk-lib';
import { EndpointType, type IResource, LambdaIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import {
  type Acknowledgements,
  acknowledge,
  acknowledgeOpen,
  OF_API_STAGE,
  OF_PAYMENT_PAGE,
  OF_SIMULATOR_API,
  OF_SIMULATOR_ROUTE,
  OF_STAGE_WITHOUT_FIREWALL,
} from '../acknowledgements.ts';
import type { FunctionContext } from '../function-context.ts';
import { AccessLog } from './access-log.ts';
import { WebFirewall } from './web-firewall.ts';

export interface SimulatorApiProps extends FunctionContext {
  readonly simulatePsp: IFunction;
  readonly controlSimulator: IFunction;
}

/** The gateway's maximum: a call that hangs ends with its 504. */
const TIMEOUT = Duration.seconds(29);

/**
 * The simulated PSPs and their control address over HTTPS. The functions themselves check the caller's key, as a PSP does:
 * the executor calls this like any PSP.
 */
export class SimulatorApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: SimulatorApiProps) {
    super(scope, id);
    const { config, data } = props;
    const { rateLimit, burstLimit } = config.api;
    const log = new AccessLog(this, 'AccessLog', { config, data });
    this.api = new RestApi(this, 'RestApi', {
      restApiName: `oncepay-${config.name}-simulator`,
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: {
        stageName: 'psp',
        tracingEnabled: true,
        // As many calls as payments: each is one send and, occasionally, a look-up.
        throttlingRateLimit: rateLimit,
        throttlingBurstLimit: burstLimit,
        accessLogDestination: log.destination,
        accessLogFormat: log.format,
      },
    });
    acknowledge(this.api, OF_SIMULATOR_API);
    this.protect(props);
    this.addPsp('simulator', props.simulatePsp);
    this.addPsp('simulator_2', props.simulatePsp);
    this.addControl(props.controlSimulator);
  }

  /** The executor is one caller from few addresses: the limit per address is the stage's whole rate. */
  private protect({ config, data }: FunctionContext): void {
    const apiStage = this.api.deploymentStage;
    acknowledge(apiStage, OF_API_STAGE);
    if (config.firewall === undefined) {
      acknowledge(apiStage, OF_STAGE_WITHOUT_FIREWALL);
      return;
    }
    const perMinute = config.api.rateLimit * 60;
    const limits = { perAddressPerMinute: perMinute, perKeyPerMinute: perMinute };
    new WebFirewall(this, 'Firewall', { config, limits, key: data.key, apiStage });
  }

  private addPsp(name: string, handler: IFunction): void {
    const integration = integrationOf(handler);
    const psp = this.api.root.addResource(name);
    const v1 = psp.addResource('v1');
    const charges = v1.addResource('charges');
    addOpenMethod(charges, 'POST', integration);
    addOpenMethod(charges, 'GET', integration);
    const charge = charges.addResource('{charge_id}');
    addOpenMethod(charge, 'GET', integration);
    addOpenMethod(charge.addResource('confirm'), 'POST', integration);
    addOpenMethod(charge.addResource('invalidate'), 'POST', integration);
    addOpenMethod(v1.addResource('invalidations'), 'POST', integration);
    addOpenMethod(v1.addResource('entries'), 'GET', integration);
    const page = psp.addResource('pay').addResource('{charge_id}');
    addMethod(page, 'GET', integration, OF_PAYMENT_PAGE);
    addMethod(page, 'POST', integration, OF_PAYMENT_PAGE);
  }

  private addControl(handler: IFunction): void {
    const integration = integrationOf(handler);
    const charges = this.api.root.addResource('charges');
    addOpenMethod(charges, 'GET', integration);
    addOpenMethod(charges, 'POST', integration);
    for (const path of ['requests', 'stats']) {
      addOpenMethod(this.api.root.addResource(path), 'GET', integration);
    }
    const events = this.api.root.addResource('events');
    addOpenMethod(events, 'GET', integration);
    addOpenMethod(events.addResource('redeliver'), 'POST', integration);
    const control = this.api.root.addResource('control');
    addOpenMethod(control, 'GET', integration);
    addOpenMethod(control, 'POST', integration);
  }
}

function integrationOf(handler: IFunction): LambdaIntegration {
  return new LambdaIntegration(handler, { allowTestInvoke: false, timeout: TIMEOUT });
}

/** Without authorization at the gateway: the function checks the key. */
function addOpenMethod(resource: IResource, verb: string, integration: LambdaIntegration): void {
  addMethod(resource, verb, integration, OF_SIMULATOR_ROUTE);
}

function addMethod(
  resource: IResource,
  verb: string,
  integration: LambdaIntegration,
  acknowledged: Acknowledgements,
): void {
  acknowledgeOpen(resource.addMethod(verb, integration), acknowledged);
}
