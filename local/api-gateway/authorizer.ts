import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { FunctionHost } from '../lambda/function-host.ts';
import { FunctionError } from '../lambda/warm-environment.ts';
import type { AuthorizerResource } from '../template/resources.ts';
import { type GatewayRequest, headersOf, lastOf, methodArn, queryOf, requestContext } from './proxy-event.ts';
import type { Match } from './router.ts';

const one = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const resultSchema = z.object({
  principalId: z.string(),
  policyDocument: z.object({
    Statement: z.array(z.object({ Action: one, Effect: z.enum(['Allow', 'Deny']), Resource: one })),
  }),
  /** Numbers and booleans reach the function as strings. */
  context: z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()]).transform((value) => String(value)),
    )
    .optional(),
});

type Result = z.infer<typeof resultSchema>;

export type Authorization =
  | { readonly kind: 'allowed'; readonly context: object }
  | {
      readonly kind: 'refused';
      readonly response:
        | 'UNAUTHORIZED'
        | 'ACCESS_DENIED'
        | 'AUTHORIZER_FAILURE'
        | 'AUTHORIZER_CONFIGURATION_ERROR';
    };

/**
 * Whether the function's policy lets the gateway invoke it.
 *
 * @param source the route or the authorizer, the last part of its `execute-api` ARN
 */
export type MayInvoke = (functionArn: string, source: string) => boolean;

/** The maximum number of cached answers; the oldest is evicted. */
const CACHE_LIMIT = 10_000;

/** A REQUEST authorizer with its cache. */
export class Authorizer {
  private readonly resource: AuthorizerResource;
  private readonly host: FunctionHost;
  private readonly clock: Clock;
  private readonly mayInvoke: MayInvoke | undefined;
  private readonly cache = new Map<string, { readonly result: Result; readonly expiresAt: number }>();

  constructor(resource: AuthorizerResource, host: FunctionHost, clock: Clock, mayInvoke?: MayInvoke) {
    this.mayInvoke = mayInvoke;
    this.resource = resource;
    this.host = host;
    this.clock = clock;
  }

  async authorize(request: GatewayRequest, match: Match): Promise<Authorization> {
    // AWS doesn't document which of two values is the cache key. Here it is the first, while `headers` shows the function the
    // last: this exposes a function that decides without checking `multiValueHeaders`.
    const identity = this.resource.identityHeaders.map((name) => request.message.headersDistinct[name]?.[0]);
    // A missing identity is refused without invoking the function.
    if (identity.some((value) => value === undefined || value === '')) return refuse('UNAUTHORIZED');
    const key = JSON.stringify(identity);
    const source = `${request.apiId}/authorizers/${this.resource.id}`;
    if (this.mayInvoke?.(this.resource.functionArn, source) === false)
      return refuse('AUTHORIZER_CONFIGURATION_ERROR');
    const arn = methodArn(request);
    try {
      const result = this.cached(key) ?? (await this.invokeFunction(request, match, arn, key));
      if (!isAllowed(result, arn)) return refuse('ACCESS_DENIED');
      return { kind: 'allowed', context: { principalId: result.principalId, ...result.context } };
    } catch (error) {
      if (error instanceof z.ZodError) return refuse('AUTHORIZER_CONFIGURATION_ERROR');
      if (error instanceof FunctionError && error.message === 'Unauthorized') return refuse('UNAUTHORIZED');
      return refuse('AUTHORIZER_FAILURE');
    }
  }

  private cached(key: string): Result | undefined {
    const entry = this.cache.get(key);
    return entry !== undefined && entry.expiresAt > this.clock.now() ? entry.result : undefined;
  }

  private async invokeFunction(
    request: GatewayRequest,
    match: Match,
    methodArn: string,
    key: string,
  ): Promise<Result> {
    const headers = headersOf(request.message);
    const query = queryOf(request.query);
    const event = {
      type: 'REQUEST',
      methodArn,
      resource: match.route.path,
      path: request.path,
      httpMethod: request.message.method,
      headers: lastOf(headers),
      multiValueHeaders: headers,
      queryStringParameters: lastOf(query),
      multiValueQueryStringParameters: query,
      pathParameters: match.pathParameters,
      stageVariables: {},
      requestContext: requestContext(request, match, undefined),
    };
    const result = resultSchema.parse(
      await this.host.invoke(event, 'api-gateway', { traceHeader: request.traceHeader }),
    );
    this.remember(key, result);
    return result;
  }

  private remember(key: string, result: Result): void {
    if (this.resource.cacheSeconds === 0) return;
    const [oldest] = this.cache.keys();
    if (this.cache.size >= CACHE_LIMIT && oldest !== undefined) this.cache.delete(oldest);
    this.cache.delete(key);
    this.cache.set(key, { result, expiresAt: this.clock.now() + this.resource.cacheSeconds * 1000 });
  }
}

function refuse(response: Extract<Authorization, { kind: 'refused' }>['response']): Authorization {
  return { kind: 'refused', response };
}

/** Allowed by one statement and denied by none; `*` stands for anything, `?` for one character. */
function isAllowed(result: Result, arn: string): boolean {
  const matching = result.policyDocument.Statement.filter(
    (statement) =>
      statement.Action.some((action) => matches(action, 'execute-api:Invoke')) &&
      statement.Resource.some((resource) => matches(resource, arn)),
  );
  return (
    matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny')
  );
}

function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(text);
}
