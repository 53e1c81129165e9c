import type { APIGatewayProxyEvent, Context } from 'aws-lambda';

/** A proxy event with the parts that a test cares for. */
export function gatewayEvent(parts: Partial<APIGatewayProxyEvent>): APIGatewayProxyEvent {
  return {
    headers: {},
    multiValueHeaders: {},
    body: null,
    isBase64Encoded: false,
    path: '/payments',
    resource: '/payments',
    httpMethod: 'POST',
    pathParameters: null,
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    stageVariables: null,
    requestContext: { requestId: 'request-1', path: '/v1/payments', authorizer: { merchant_id: 'mer_1' } },
    ...parts,
  } as unknown as APIGatewayProxyEvent;
}

export const lambdaContext = { awsRequestId: 'invocation-1', functionName: 'test' } as Context;
