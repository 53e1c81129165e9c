import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import contract from '../../docs/openapi.json' with { type: 'json' };
import { idempotencyKeyOf } from '../../lambdas/middleware/idempotency.ts';
import { PROBLEMS } from '../../lambdas/middleware/problem.ts';
import { GATEWAY_PROBLEMS, problemTemplate } from '../../lib/constructs/gateway-problems.ts';
import { PaymentPipeline } from '../../lib/index.ts';
import { STAGES } from '../../lib/stage-config.ts';
import { ACCESS_LOG_LINE } from '../support/access-log-line.ts';
import { aliasOf, only, resourcesOf, type Synthesized, synthesized } from '../support/synthesized.ts';

/** Of PSPs and of buyers, who have no key. */
const WITHOUT_KEY = [
  'POST /webhooks/{psp_account}',
  'GET /returns/{payment_order_id}',
  'HEAD /returns/{payment_order_id}',
];
/** Of no other method, or of any where no key is asked for. */
const isOpenRoute = (name: string) => name.startsWith('ANY ') || WITHOUT_KEY.includes(name);

interface Route {
  readonly name: string;
  readonly functionId: string;
  readonly authorizer: unknown;
  readonly type: unknown;
}

function routesOf({ pipeline }: Synthesized): readonly Route[] {
  return [...resourcesOf(pipeline, 'AWS::ApiGateway::Method').values()].map(({ Properties }) => ({
    name: `${Properties.HttpMethod} ${pathOf(pipeline, (Properties.ResourceId as { Ref: string }).Ref)}`,
    functionId: /\{"Ref":"([^"]+)"\},"\/invocations"/.exec(JSON.stringify(Properties.Integration))?.[1] ?? '',
    authorizer: Properties.AuthorizerId,
    type: Properties.AuthorizationType,
  }));
}

function pathOf(template: Synthesized['pipeline'], resourceId: string): string {
  const { ParentId, PathPart } = (resourcesOf(template).get(resourceId)?.Properties ?? {}) as {
    ParentId: { Ref?: string };
    PathPart: string;
  };
  const above = ParentId.Ref === undefined ? '' : pathOf(template, ParentId.Ref);
  return `${above}/${PathPart}`;
}

describe.each(STAGES)('the API of %s', (stage) => {
  const templates = synthesized(stage);
  const { pipeline, config } = templates;
  const routes = routesOf(templates);

  test('has the routes of its contract, HEAD where there is GET, and an answer to any other method', () => {
    const open = ['/health', '/openapi.json'];
    const promised = Object.entries(contract.paths).flatMap(([path, methods]) => {
      const own = open.includes(path) ? [] : Object.keys(methods).map((method) => method.toUpperCase());
      return [...own, ...(own.includes('GET') ? ['HEAD'] : []), 'ANY'].map((method) => `${method} ${path}`);
    });
    expect(routes.map(({ name }) => name).sort()).toEqual(promised.sort());
  });

  test.each([
    ['POST /payments', 'accept-payment'],
    ['GET /payments', 'read-payment'],
    ['HEAD /payments', 'read-payment'],
    ['ANY /payments', 'describe-api'],
    ['GET /payments/{payment_id}', 'read-payment'],
    ['GET /wallets/{seller_id}', 'read-ledger'],
    ['GET /ledger/trial-balance', 'read-ledger'],
    ['POST /webhooks/{psp_account}', 'receive-event'],
    ['GET /returns/{payment_order_id}', 'receive-event'],
    ['ANY /webhooks/{psp_account}', 'describe-api'],
    ['ANY /health', 'describe-api'],
    ['ANY /openapi.json', 'describe-api'],
  ])('sends %s to %s', (name, served) => {
    expect(routes.find((route) => route.name === name)?.functionId).toBe(aliasOf(pipeline, served));
  });

  test('uses the authorizer on every route that reads or writes a merchant’s data', () => {
    const [authorizer] = resourcesOf(pipeline, 'AWS::ApiGateway::Authorizer').keys();
    for (const route of routes) {
      const isOpen = isOpenRoute(route.name);
      expect([route.name, route.type]).toEqual([route.name, isOpen ? 'NONE' : 'CUSTOM']);
      expect(route.authorizer).toEqual(isOpen ? undefined : { Ref: authorizer });
    }
  });

  test('caches the authorizer’s answers for a minute, by the Authorization header alone', () => {
    expect(only(pipeline, 'AWS::ApiGateway::Authorizer').Properties).toMatchObject({
      Type: 'REQUEST',
      IdentitySource: 'method.request.header.Authorization',
      AuthorizerResultTtlInSeconds: 60,
    });
  });

  test('is regional, is called v1 and is throttled as the stage says', () => {
    pipeline.hasResourceProperties('AWS::ApiGateway::RestApi', {
      EndpointConfiguration: { Types: ['REGIONAL'] },
    });
    expect(only(pipeline, 'AWS::ApiGateway::Stage').Properties).toMatchObject({
      StageName: 'v1',
      MethodSettings: expect.arrayContaining([
        expect.objectContaining({
          HttpMethod: '*',
          ResourcePath: '/*',
          ThrottlingRateLimit: config.api.rateLimit,
          ThrottlingBurstLimit: config.api.burstLimit,
        }),
      ]),
    });
  });

  test.each([
    ['POST', '/~1webhooks~1{psp_account}'],
    ['GET', '/~1returns~1{payment_order_id}'],
  ])('throttles %s %s apart from the merchants’ requests', (HttpMethod, ResourcePath) => {
    const { MethodSettings } = only(pipeline, 'AWS::ApiGateway::Stage').Properties;
    expect(MethodSettings).toContainEqual(
      expect.objectContaining({
        HttpMethod,
        ResourcePath,
        ThrottlingRateLimit: config.api.rateLimit,
        ThrottlingBurstLimit: config.api.burstLimit,
      }),
    );
  });

  test('logs each request without body, header, query or user agent, and keeps no execution log', () => {
    const { AccessLogSetting, MethodSettings } = only(pipeline, 'AWS::ApiGateway::Stage').Properties;
    const { Format } = AccessLogSetting as { Format: string };
    expect(JSON.parse(Format)).toEqual(ACCESS_LOG_LINE);
    expect(Format).not.toMatch(/header|body|query|authorization\b|\.path|userAgent/i);
    for (const settings of MethodSettings as readonly object[])
      expect(settings).toMatchObject({ LoggingLevel: 'OFF', DataTraceEnabled: false });
  });

  test('is refused by the gateway only where an Idempotency-Key is missing', () => {
    const methods = [...resourcesOf(pipeline, 'AWS::ApiGateway::Method').values()];
    const validated = methods.filter(({ Properties }) => Properties.RequestValidatorId !== undefined);
    expect(validated.map(({ Properties }) => [Properties.HttpMethod, Properties.RequestParameters])).toEqual([
      ['POST', { 'method.request.header.Idempotency-Key': true }],
    ]);
    pipeline.resourceCountIs('AWS::ApiGateway::Model', 0);
  });

  test('answers the gateway’s own errors as problem+json with the status that the body names', () => {
    const responses = [...resourcesOf(pipeline, 'AWS::ApiGateway::GatewayResponse').values()];
    expect(responses).toHaveLength(GATEWAY_PROBLEMS.length);
    for (const { Properties } of responses) {
      const { 'application/json': template } = Properties.ResponseTemplates as Record<string, string>;
      expect(Properties.StatusCode).toBe(String(JSON.parse(template ?? '').status));
      expect(Properties.ResponseParameters).toMatchObject({
        'gatewayresponse.header.Content-Type': "'application/problem+json'",
        'gatewayresponse.header.Cache-Control': "'no-store'",
        'gatewayresponse.header.X-Request-Id': 'context.requestId',
      });
    }
  });
});

describe('a problem of the gateway', () => {
  const byType = new Map(GATEWAY_PROBLEMS.map((problem) => [problem.type.responseType, problem]));

  test.each([
    ['BAD_REQUEST_PARAMETERS', 400],
    ['UNAUTHORIZED', 401],
    ['ACCESS_DENIED', 403],
    ['WAF_FILTERED', 403],
    ['INVALID_API_KEY', 401],
    // Without an Authorization header an unknown route is a missing token to the gateway, with one a bad signature.
    ['MISSING_AUTHENTICATION_TOKEN', 404],
    ['INVALID_SIGNATURE', 404],
    ['EXPIRED_TOKEN', 404],
    ['RESOURCE_NOT_FOUND', 404],
    ['REQUEST_TOO_LARGE', 413],
    ['UNSUPPORTED_MEDIA_TYPE', 415],
    ['THROTTLED', 429],
    ['QUOTA_EXCEEDED', 429],
    ['INTEGRATION_FAILURE', 502],
    ['INTEGRATION_TIMEOUT', 504],
    ['AUTHORIZER_FAILURE', 503],
    ['AUTHORIZER_CONFIGURATION_ERROR', 503],
    ['API_CONFIGURATION_ERROR', 500],
    ['DEFAULT_4XX', 400],
    ['DEFAULT_5XX', 500],
  ])('%s is a %i', (type, status) => {
    expect(byType.get(type)?.status).toBe(status);
  });

  test.each([...byType])('%s has every member that the contract promises', (_, problem) => {
    const body = JSON.parse(problemTemplate(problem));
    expect(Object.keys(body)).toEqual(expect.arrayContaining(contract.components.schemas.Problem.required));
    expect(body).toMatchObject({ instance: '$context.path', request_id: '$context.requestId' });
  });

  test('of 401 names the scheme of its keys (RFC 9110)', () => {
    const refusals = GATEWAY_PROBLEMS.filter(({ status }) => status === 401);
    expect(refusals.length).toBeGreaterThan(0);
    for (const { headers } of refusals)
      expect(headers).toEqual({ 'WWW-Authenticate': `'Bearer realm="oncepay"'` });
  });

  test.each([...byType])('%s that may be repeated later says when', (_, problem) => {
    if (![429, 503].includes(problem.status)) return;
    expect(problem.retryAfterSeconds).toBeGreaterThan(0);
    expect(problem.retryable).toBe(true);
  });

  test('has the title of the functions’ problem with the same code', () => {
    const shared = GATEWAY_PROBLEMS.filter(({ code }) => code in PROBLEMS);
    expect(shared.length).toBeGreaterThan(0);
    for (const { code, title, retryable } of shared) {
      expect(PROBLEMS[code as keyof typeof PROBLEMS]).toMatchObject({ title, retryable });
    }
  });
});

test('the gateway says of a missing key what the function would say', () => {
  const problem = GATEWAY_PROBLEMS.find(({ code }) => code === 'missing_idempotency_key');
  const asked = () => idempotencyKeyOf({ multiValueHeaders: {} } as never);
  expect(asked).toThrow(problem?.detail);
  expect(asked).toThrow(expect.objectContaining({ code: problem?.code, errors: problem?.errors }));
});

describe.each(['staging', 'prod'] as const)('the firewall of %s', (stage) => {
  const { pipeline, config } = synthesized(stage);
  const { Rules: rules } = only(pipeline, 'AWS::WAFv2::WebACL').Properties as { Rules: Rule[] };
  const rateOf = (name: string) => rules.find(({ Name }) => Name === name)?.Statement.RateBasedStatement;

  test('protects the stage of the API', () => {
    const [apiStage] = resourcesOf(pipeline, 'AWS::ApiGateway::Stage').keys();
    const association = only(pipeline, 'AWS::WAFv2::WebACLAssociation').Properties;
    expect(JSON.stringify(association.ResourceArn)).toContain(String(apiStage));
  });

  test('limits each address and each key per minute', () => {
    expect(rateOf('PerAddress')).toMatchObject({
      AggregateKeyType: 'IP',
      EvaluationWindowSec: 60,
      Limit: config.firewall?.perAddressPerMinute,
    });
    expect(rateOf('PerKey')).toMatchObject({
      AggregateKeyType: 'CUSTOM_KEYS',
      CustomKeys: [{ Header: { Name: 'authorization' } }],
      Limit: config.firewall?.perKeyPerMinute,
    });
  });

  test('limits events by themselves: a PSP sends all of them from few addresses', () => {
    const ofEvents = {
      ByteMatchStatement: expect.objectContaining({
        FieldToMatch: { UriPath: {} },
        PositionalConstraint: 'STARTS_WITH',
        SearchString: '/v1/webhooks/',
      }),
    };
    expect(rateOf('EventsPerAddress')).toMatchObject({
      AggregateKeyType: 'IP',
      Limit: config.api.rateLimit * 60,
      ScopeDownStatement: ofEvents,
    });
    expect(rateOf('PerAddress')).toMatchObject({
      ScopeDownStatement: { NotStatement: { Statement: ofEvents } },
    });
  });

  test('answers 429 in the form of every other problem', () => {
    const { CustomResponseBodies: bodies } = only(pipeline, 'AWS::WAFv2::WebACL').Properties as {
      CustomResponseBodies: Record<string, { Content: string }>;
    };
    const [body] = Object.values(bodies);
    expect(JSON.parse(body?.Content ?? '')).toMatchObject({ status: 429, code: 'too_many_requests' });
  });

  test('lets bodies of the size and kind pass that the contract takes', () => {
    const common = rules.find(({ Name }) => Name === 'AWSManagedRulesCommonRuleSet');
    const counted = common?.Statement.ManagedRuleGroupStatement?.RuleActionOverrides ?? [];
    expect(counted.map(({ Name }) => Name)).toContain('SizeRestrictions_BODY');
  });

  test('logs what it refuses, never a key', () => {
    expect(only(pipeline, 'AWS::WAFv2::LoggingConfiguration').Properties.RedactedFields).toEqual([
      { SingleHeader: { Name: 'authorization' } },
      { QueryString: {} },
    ]);
  });
});

interface Rule {
  readonly Name: string;
  readonly Statement: {
    readonly RateBasedStatement?: object;
    readonly ManagedRuleGroupStatement?: {
      readonly RuleActionOverrides: readonly { readonly Name: string }[];
    };
  };
}

describe('a stage with a domain of its own', () => {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const domain = {
    name: 'pay.example.com',
    certificateArn: 'arn:aws:acm:eu-central-1:111111111111:certificate/0a1b',
  };
  const payments = new PaymentPipeline(app, 'Payments', { stage: 'prod', overrides: { domain } });
  const template = Template.fromStack(payments.pipelineStack);

  test('answers there by TLS 1.2 or newer, and nowhere else', () => {
    template.hasResourceProperties('AWS::ApiGateway::DomainName', {
      DomainName: domain.name,
      RegionalCertificateArn: domain.certificateArn,
      SecurityPolicy: 'TLS_1_2',
    });
    template.hasResourceProperties('AWS::ApiGateway::BasePathMapping', { BasePath: 'v1' });
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: true });
    expect(payments.apiUrl).toBe('https://pay.example.com/v1/');
  });
});
