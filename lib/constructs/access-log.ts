import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  type IAccessLogDestination,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigateway';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { FunctionContext } from '../function-context.ts';

/** One line per request: caller, route, duration and result. No body, header or query: they may hold secrets and personal data. */
const ACCESS_LOG_FIELDS: Readonly<Record<string, string>> = {
  request_id: '$context.requestId',
  trace_id: '$context.xrayTraceId',
  time: '$context.requestTime',
  address: '$context.identity.sourceIp',
  merchant_id: '$context.authorizer.principalId',
  api_key_id: '$context.authorizer.api_key_id',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  error: '$context.error.responseType',
  latency_ms: '$context.responseLatency',
  function_ms: '$context.integration.latency',
  authorizer_ms: '$context.authorizer.latency',
  response_bytes: '$context.responseLength',
};

/** An API's access log. API Gateway writes it with the account's role (GatewayLogAccount). */
export class AccessLog extends Construct {
  readonly destination: IAccessLogDestination;
  readonly format = AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS));

  constructor(scope: Construct, id: string, { config, data }: FunctionContext) {
    super(scope, id);
    const group = new LogGroup(this, 'Log', {
      encryptionKey: data.key,
      retention: config.logRetention,
      removalPolicy: config.deletionProtection ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.destination = new LogGroupLogDestination(group);
  }
}
