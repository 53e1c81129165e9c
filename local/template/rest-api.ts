import type { Stack } from './assembly.ts';
import { UnknownResourceError } from './errors.ts';
import {
  apiProperties,
  authorizerProperties,
  methodProperties,
  pathProperties,
  responseProperties,
  stageProperties,
  validatorProperties,
} from './properties.ts';
import type { Found, ResourceReader } from './resource-reader.ts';
import type { ApiResource, RouteResource, Throttle } from './resources.ts';

/** The REST APIs of the templates: each stack has at most one. */
export function readApis(reader: ResourceReader): readonly ApiResource[] {
  const apis = reader.all('AWS::ApiGateway::RestApi', apiProperties, ({ Name }, found) => ({
    name: Name ?? found.logicalId,
    ...found,
  }));
  const stacks = new Set(apis.map(({ stack }) => stack));
  if (stacks.size < apis.length)
    throw new UnknownResourceError('A stack has two REST APIs; here it can have one.');
  return apis.map((api) => readApi(reader, api));
}

function readApi(reader: ResourceReader, { stack, logicalId, name }: Found & { name: string }): ApiResource {
  const ours = { in: stack };
  const [stage] = reader.all('AWS::ApiGateway::Stage', stageProperties, (properties) => properties, ours);
  if (stage === undefined) throw new UnknownResourceError(`${stack.name}: ${logicalId} has no stage.`);
  const settings = stage.MethodSettings ?? [];
  const ofAll = settings.find(({ HttpMethod, ResourcePath }) => HttpMethod === '*' && ResourcePath === '/*');
  const authorizers = reader.all(
    'AWS::ApiGateway::Authorizer',
    authorizerProperties,
    (properties, found) => ({
      id: found.logicalId,
      ...functionInUri(properties.AuthorizerUri),
      identityHeaders: properties.IdentitySource.split(',').map(headerName),
      cacheSeconds: properties.AuthorizerResultTtlInSeconds,
    }),
    ours,
  );
  const responses = reader.all(
    'AWS::ApiGateway::GatewayResponse',
    responseProperties,
    (properties) => ({
      type: properties.ResponseType,
      status: properties.StatusCode === undefined ? undefined : Number(properties.StatusCode),
      headers: properties.ResponseParameters ?? {},
      template: properties.ResponseTemplates?.['application/json'],
    }),
    ours,
  );
  return {
    id: reader.identities.apiId(stack, logicalId),
    stackName: stack.name,
    name,
    stage: stage.StageName,
    isTraced: stage.TracingEnabled,
    throttle: throttleOf(ofAll),
    methodThrottles: new Map(
      settings
        .filter((one) => one !== ofAll)
        .map((one) => [
          `${one.HttpMethod} ${one.ResourcePath.slice(1).replaceAll('~1', '/')}`,
          throttleOf(one),
        ]),
    ),
    routes: routesOf(reader, ours),
    authorizers: new Map(authorizers.map((authorizer) => [authorizer.id, authorizer])),
    responses: new Map(responses.map((response) => [response.type, response])),
  };
}

interface MethodSetting {
  readonly ThrottlingRateLimit?: number | undefined;
  readonly ThrottlingBurstLimit?: number | undefined;
}

function throttleOf(setting: MethodSetting | undefined): Throttle | undefined {
  const { ThrottlingRateLimit: rateLimit, ThrottlingBurstLimit: burstLimit } = setting ?? {};
  return rateLimit === undefined || burstLimit === undefined ? undefined : { rateLimit, burstLimit };
}

function routesOf(reader: ResourceReader, ours: { readonly in: Stack }): readonly RouteResource[] {
  const parents = new Map(
    reader.all(
      'AWS::ApiGateway::Resource',
      pathProperties,
      (properties, found) => [found.logicalId, properties] as const,
      ours,
    ),
  );
  const pathOf = (id: string): string => {
    const resource = parents.get(id);
    return resource === undefined ? '' : `${pathOf(resource.ParentId)}/${resource.PathPart}`;
  };
  const validators = new Set(
    reader.all(
      'AWS::ApiGateway::RequestValidator',
      validatorProperties,
      (_properties, found) => found.logicalId,
      ours,
    ),
  );
  return reader.all(
    'AWS::ApiGateway::Method',
    methodProperties,
    (properties) => ({
      method: properties.HttpMethod,
      path: pathOf(properties.ResourceId) || '/',
      ...functionInUri(properties.Integration.Uri),
      timeoutMilliseconds: properties.Integration.TimeoutInMillis ?? 29_000,
      authorizerId: properties.AuthorizationType === 'NONE' ? undefined : properties.AuthorizerId,
      requiredHeaders: validators.has(properties.RequestValidatorId ?? '')
        ? Object.keys(properties.RequestParameters).map(headerName)
        : [],
    }),
    ours,
  );
}

function headerName(source: string): string {
  return source.replace(/^method\.request\.header\./, '').toLowerCase();
}

/** `arn:…:lambda:path/2015-03-31/functions/<function arn>/invocations`. */
function functionInUri(uri: string): { readonly functionName: string; readonly functionArn: string } {
  const [, functionArn, functionName] =
    /(arn:aws:lambda:[^/]*:function:([^/:]+)(?::[^/]+)?)\/invocations$/.exec(uri) ?? [];
  if (functionArn === undefined || functionName === undefined)
    throw new UnknownResourceError(`${uri} names no function.`);
  return { functionArn, functionName };
}
