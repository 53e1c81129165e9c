/** What a gateway logs of a request, as API Gateway names it: nothing that the caller wrote. */
export const ACCESS_LOG_LINE = {
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
