import { Duration } from 'aws-cdk-lib';
import {
  type Authorizer,
  EndpointType,
  IdentitySource,
  LambdaIntegration,
  RequestAuthorizer,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { StageConfig } from '../stage-config.ts';
import { GATEWAY_PROBLEMS, problemTemplate } from './gateway-problems.ts';

export interface PaymentsApiProps {
  readonly config: StageConfig;
  readonly authorizeMerchant: IFunction;
  readonly acceptPayment: IFunction;
  readonly readPayment: IFunction;
  readonly readLedger: IFunction;
  readonly describeApi: IFunction;
}

/** The REST API: Regional, one Lambda authorizer on all routes but two, problem+json for the gateway's own errors. */
export class PaymentsApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: PaymentsApiProps) {
    super(scope, id);
    this.api = new RestApi(this, 'RestApi', {
      restApiName: `oncepay-${props.config.stage}`,
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: {
        stageName: 'v1',
        throttlingRateLimit: props.config.api.rateLimit,
        throttlingBurstLimit: props.config.api.burstLimit,
      },
    });
    this.addRoutes(props, this.createAuthorizer(props));
    this.addGatewayProblems();
  }

  private createAuthorizer({ config, authorizeMerchant }: PaymentsApiProps): Authorizer {
    return new RequestAuthorizer(this, 'Authorizer', {
      handler: authorizeMerchant,
      identitySources: [IdentitySource.header('Authorization')],
      resultsCacheTtl: config.api.authorizerCache,
    });
  }

  private addRoutes(props: PaymentsApiProps, authorizer: Authorizer): void {
    const integration = (handler: IFunction) =>
      new LambdaIntegration(handler, { allowTestInvoke: false, timeout: Duration.seconds(29) });
    const { root } = this.api;

    const payments = root.addResource('payments');
    payments.addMethod('POST', integration(props.acceptPayment), { authorizer });
    payments.addMethod('GET', integration(props.readPayment), { authorizer });
    payments.addResource('{payment_id}').addMethod('GET', integration(props.readPayment), { authorizer });

    const readLedger = integration(props.readLedger);
    root.addResource('wallets').addResource('{seller_id}').addMethod('GET', readLedger, { authorizer });
    root.addResource('ledger').addResource('trial-balance').addMethod('GET', readLedger, { authorizer });

    // Open to all: a probe and a client generator have no key.
    const describeApi = integration(props.describeApi);
    root.addResource('health').addMethod('GET', describeApi);
    root.addResource('openapi.json').addMethod('GET', describeApi);
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
          ...(problem.retryAfterSeconds === undefined
            ? {}
            : { 'Retry-After': `'${problem.retryAfterSeconds}'` }),
        },
        templates: { 'application/json': problemTemplate(problem) },
      });
    }
  }
}
