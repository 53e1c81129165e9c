import { Duration } from 'aws-cdk-lib';
import {
  type Authorizer,
  EndpointType,
  IdentitySource,
  LambdaIntegration,
  type MethodDeploymentOptions,
  MethodLoggingLevel,
  RequestAuthorizer,
  type RequestValidator,
  type Resource,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import {
  acknowledge,
  acknowledgeOpen,
  OF_API,
  OF_API_STAGE,
  OF_BUYERS_RETURN,
  OF_EVENTS,
  OF_OPEN_ROUTE,
  OF_STAGE_WITHOUT_FIREWALL,
} from '../acknowledgements.ts';
import type { FunctionContext } from '../function-context.ts';
import { AccessLog } from './access-log.ts';
import { ApiDomain } from './api-domain.ts';
import { GATEWAY_PROBLEMS, problemTemplate } from './gateway-problems.ts';
import type { ServingFunction } from './serving-function.ts';
import { WebFirewall } from './web-firewall.ts';

export interface PaymentsApiProps extends FunctionContext {
  readonly authorizeMerchant: ServingFunction;
  readonly acceptPayment: ServingFunction;
  readonly readPayment: ServingFunction;
  readonly readLedger: ServingFunction;
  readonly receiveEvent: ServingFunction;
  readonly describeApi: ServingFunction;
}

/** The version of the contract, in every path. */
const STAGE_NAME = 'v1';

const EVENTS_PATH = 'webhooks';
const RETURNS_PATH = 'returns';

/**
 * The REST API: Regional, one Lambda authorizer on all routes with a merchant's data, problem+json for the gateway's own errors.
 */
export class PaymentsApi extends Construct {
  readonly api: RestApi;
  /** The URL for clients, including `/v1/`. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: PaymentsApiProps) {
    super(scope, id);
    const { config, data } = props;
    this.api = this.createApi(props);
    this.addRoutes(props, this.createAuthorizer(props));
    this.addGatewayProblems();
    acknowledge(this.api, OF_API);
    const apiStage = this.api.deploymentStage;
    acknowledge(apiStage, OF_API_STAGE);
    if (config.firewall === undefined) acknowledge(apiStage, OF_STAGE_WITHOUT_FIREWALL);
    else {
      const events = {
        path: `/${STAGE_NAME}/${EVENTS_PATH}/`,
        perAddressPerMinute: config.api.rateLimit * 60,
      };
      const { firewall: limits } = config;
      new WebFirewall(this, 'Firewall', { config, limits, events, key: data.key, apiStage });
    }
    const { domain } = config;
    this.url =
      domain === undefined
        ? this.api.url
        : new ApiDomain(this, 'Domain', { domain, api: this.api, stageName: STAGE_NAME }).url;
  }

  private createApi({ config, data }: PaymentsApiProps): RestApi {
    const log = new AccessLog(this, 'AccessLog', { config, data });
    return new RestApi(this, 'RestApi', {
      restApiName: `oncepay-${config.name}`,
      endpointTypes: [EndpointType.REGIONAL],
      // AWS's own address accepts older TLS than the team's domain does.
      disableExecuteApiEndpoint: config.domain !== undefined,
      cloudWatchRole: false,
      deployOptions: {
        stageName: STAGE_NAME,
        throttlingRateLimit: config.api.rateLimit,
        throttlingBurstLimit: config.api.burstLimit,
        accessLogDestination: log.destination,
        accessLogFormat: log.format,
        // Execution logs hold headers and bodies.
        loggingLevel: MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
        tracingEnabled: true,
        methodOptions: methodOptionsOf(config),
      },
    });
  }

  private createAuthorizer({ config, authorizeMerchant }: PaymentsApiProps): Authorizer {
    return new RequestAuthorizer(this, 'Authorizer', {
      handler: authorizeMerchant.live,
      identitySources: [IdentitySource.header('Authorization')],
      resultsCacheTtl: config.api.authorizerCache,
    });
  }

  private addRoutes(props: PaymentsApiProps, authorizer: Authorizer): void {
    const readPayment = integrationOf(props.readPayment);
    const readLedger = integrationOf(props.readLedger);
    const describeApi = integrationOf(props.describeApi);
    const { root } = this.api;
    const payments = root.addResource('payments');
    payments.addMethod('POST', integrationOf(props.acceptPayment), {
      authorizer,
      requestParameters: { 'method.request.header.Idempotency-Key': true },
      requestValidator: this.createValidator(),
    });
    const guarded: readonly (readonly [Resource, LambdaIntegration])[] = [
      [payments, readPayment],
      [payments.addResource('{payment_id}'), readPayment],
      [root.addResource('wallets').addResource('{seller_id}'), readLedger],
      [root.addResource('ledger').addResource('trial-balance'), readLedger],
    ];
    for (const [resource, integration] of guarded) {
      // HEAD is GET without its body, which the gateway leaves out.
      for (const method of ['GET', 'HEAD']) resource.addMethod(method, integration, { authorizer });
      // Every other method: OPTIONS, and a 405 with Allow in place of the gateway's 403.
      acknowledgeOpen(resource.addMethod('ANY', describeApi), OF_OPEN_ROUTE);
    }
    this.addPspRoutes(integrationOf(props.receiveEvent), describeApi);
    // Without authorization: probes and client generators have no key.
    for (const path of ['health', 'openapi.json'])
      acknowledgeOpen(root.addResource(path).addMethod('ANY', describeApi), OF_OPEN_ROUTE);
  }

  /** Without authorization: neither PSPs nor buyers have a key. The function checks what a PSP has signed. */
  private addPspRoutes(receiveEvent: LambdaIntegration, describeApi: LambdaIntegration): void {
    const { root } = this.api;
    const events = root.addResource(EVENTS_PATH).addResource('{psp_account}');
    acknowledgeOpen(events.addMethod('POST', receiveEvent), OF_EVENTS);
    const returns = root.addResource(RETURNS_PATH).addResource('{payment_order_id}');
    for (const method of ['GET', 'HEAD'])
      acknowledgeOpen(returns.addMethod(method, receiveEvent), OF_BUYERS_RETURN);
    for (const resource of [events, returns])
      acknowledgeOpen(resource.addMethod('ANY', describeApi), OF_OPEN_ROUTE);
  }

  /**
   * The gateway refuses a request without its key before any function runs. Bodies have no model here: the gateway's schemas are an
   * old draft and are skipped for other content types, and its answer doesn't name the place in the body, as the function's does.
   */
  private createValidator(): RequestValidator {
    return this.api.addRequestValidator('Validator', {
      validateRequestBody: true,
      validateRequestParameters: true,
    });
  }

  private addGatewayProblems(): void {
    for (const problem of GATEWAY_PROBLEMS) {
      this.api.addGatewayResponse(`Problem${problem.type.responseType}`, {
        type: problem.type,
        statusCode: String(problem.status),
        responseHeaders: {
          'Content-Type': "'application/problem+json'",
          'Cache-Control': "'no-store'",
          'X-Request-Id': 'context.requestId',
          ...problem.headers,
          ...(problem.retryAfterSeconds === undefined
            ? {}
            : { 'Retry-After': `'${problem.retryAfterSeconds}'` }),
        },
        templates: { 'application/json': problemTemplate(problem) },
      });
    }
  }
}

/**
 * Throttled apart from the merchants' requests, so that neither takes the other's share: as many events as requests, since a
 * payment has one request and one or two events.
 */
function methodOptionsOf({ api }: FunctionContext['config']): Record<string, MethodDeploymentOptions> {
  const apart: MethodDeploymentOptions = {
    throttlingRateLimit: api.rateLimit,
    throttlingBurstLimit: api.burstLimit,
    loggingLevel: MethodLoggingLevel.OFF,
    dataTraceEnabled: false,
  };
  return {
    [`/${EVENTS_PATH}/{psp_account}/POST`]: apart,
    [`/${RETURNS_PATH}/{payment_order_id}/GET`]: apart,
  };
}

function integrationOf({ live }: ServingFunction): LambdaIntegration {
  return new LambdaIntegration(live, { allowTestInvoke: false, timeout: Duration.seconds(29) });
}
