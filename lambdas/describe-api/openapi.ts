import * as z from 'zod/mini';
import { paymentRequestSchema } from '../accept-payment/schema.ts';
import { PROBLEMS, type ProblemCode } from '../middleware/problem.ts';
import { listQuerySchema } from '../read-payment/schema.ts';
import { trialBalanceSchema, walletSchema } from '../resources/ledger.ts';
import { paymentListSchema, paymentSchema } from '../resources/payment.ts';

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string(),
  request_id: z.string(),
  retryable: z.boolean(),
  errors: z.optional(z.array(z.object({ pointer: z.string(), detail: z.string() }))),
});

const healthSchema = z.object({ status: z.literal('ok') });

type Json = { readonly [key: string]: unknown };

/** What the gateway and the authorizer may answer on any route with a key, beside the functions' own problems. */
const GATEWAY_STATUSES = {
  401: '`unauthorized`: the API key is missing or wrong.',
  403: '`forbidden`: the API key may not do this.',
  429: '`too_many_requests`: wait as long as Retry-After says.',
  500: '`internal_error`: something is wrong on our side; send the same request again.',
  502: '`internal_error`: no readable answer of a function; send the same request again.',
  503: '`database_resuming` or `database_unreachable`: wait as long as Retry-After says.',
  504: '`timeout`: no answer in time; send the same request again with the same Idempotency-Key.',
} as const;

/** The contract, generated from the very schemas that validate. Committed as docs/openapi.json. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Oncepay',
      version: '1.0.0',
      description:
        'Payments that charge once. Amounts are integers in minor units. Errors are application/problem+json (RFC 9457); a declined charge is a state of its order, not an error.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/v1' }],
    security: [{ apiKey: [] }],
    paths: paths(),
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'A merchant’s API key.' } },
      schemas: {
        PaymentRequest: jsonSchema(paymentRequestSchema),
        Payment: jsonSchema(paymentSchema),
        PaymentList: jsonSchema(paymentListSchema),
        Wallet: jsonSchema(walletSchema),
        TrialBalance: jsonSchema(trialBalanceSchema),
        Problem: jsonSchema(problemSchema),
        Health: jsonSchema(healthSchema),
      },
    },
  };
}

function paths(): Json {
  return {
    '/payments': { post: createPayment(), get: listPayments() },
    '/payments/{payment_id}': { get: readPayment() },
    '/wallets/{seller_id}': { get: readWallet() },
    '/ledger/trial-balance': { get: readTrialBalance() },
    '/health': { get: readHealth() },
    '/openapi.json': { get: readContract() },
  };
}

function createPayment(): Json {
  return {
    operationId: 'createPayment',
    summary: 'Accept a payment: durable and queued when this answers',
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        required: true,
        description:
          'A new one for every new payment, quoted or bare. The same key and body replays the first answer, byte for byte, for 30 days.',
        schema: { type: 'string', minLength: 1, maxLength: 257 },
      },
    ],
    requestBody: { required: true, content: { 'application/json': { schema: ref('PaymentRequest') } } },
    responses: {
      202: {
        description: 'Accepted; read it at Location.',
        headers: {
          Location: { schema: { type: 'string' } },
          'Idempotent-Replayed': { description: '`true` on a replay.', schema: { type: 'string' } },
          ...requestIdHeader(),
        },
        content: { 'application/json': { schema: ref('Payment') } },
      },
      ...problems(
        'malformed_json',
        'missing_idempotency_key',
        'malformed_idempotency_key',
        'duplicate_merchant_reference',
        'body_too_large',
        'unsupported_media_type',
        'invalid_request',
        'idempotency_key_reused',
      ),
      ...authorizationProblems(),
    },
  };
}

function listPayments(): Json {
  const query = z.toJSONSchema(listQuerySchema, { io: 'input' });
  return {
    operationId: 'listPayments',
    summary: 'Payments, newest first',
    parameters: Object.entries(query.properties ?? {}).map(([name, schema]) => ({
      name,
      in: 'query',
      required: false,
      schema,
    })),
    responses: {
      ...ok('A page. A page of large payments may hold fewer than `limit`; has_more tells.', 'PaymentList'),
      ...problems('invalid_parameter', 'invalid_cursor'),
      ...authorizationProblems(),
    },
  };
}

function readPayment(): Json {
  return {
    operationId: 'readPayment',
    summary: 'One payment, with the timeline of attempts of each order',
    parameters: [pathParameter('payment_id')],
    responses: {
      ...ok('The payment.', 'Payment'),
      ...problems('invalid_parameter', 'not_found'),
      ...authorizationProblems(),
    },
  };
}

function readWallet(): Json {
  return {
    operationId: 'readWallet',
    summary: 'What a seller is owed, by currency',
    parameters: [pathParameter('seller_id')],
    responses: {
      ...ok('The wallet; without balances for a seller that was never named.', 'Wallet'),
      ...problems('invalid_parameter'),
      ...authorizationProblems(),
    },
  };
}

function readTrialBalance(): Json {
  return {
    operationId: 'readTrialBalance',
    summary: 'Debits and credits of your books, by currency',
    responses: {
      ...ok('The trial balance.', 'TrialBalance'),
      ...problems('invalid_parameter'),
      ...authorizationProblems(),
    },
  };
}

function readHealth(): Json {
  return {
    operationId: 'readHealth',
    summary: 'Whether the API serves',
    security: [],
    responses: ok('It does.', 'Health'),
  };
}

function readContract(): Json {
  return {
    operationId: 'readContract',
    summary: 'This document',
    security: [],
    responses: {
      200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
    },
  };
}

function pathParameter(name: string): Json {
  return { name, in: 'path', required: true, schema: { type: 'string', minLength: 1, maxLength: 128 } };
}

function ok(description: string, schema: string): Json {
  return {
    200: {
      description,
      headers: requestIdHeader(),
      content: { 'application/json': { schema: ref(schema) } },
    },
  };
}

function requestIdHeader(): Json {
  return {
    'X-Request-Id': { description: 'Give it when you report a problem.', schema: { type: 'string' } },
  };
}

/** One response per status; its description lists the codes that come with it. */
function problems(...codes: readonly ProblemCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => String(PROBLEMS[code].status));
  const responses = [...byStatus].map(([status, group]) => [
    status,
    problemResponse(group.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' ')),
  ]);
  return Object.fromEntries(responses);
}

function authorizationProblems(): Json {
  return Object.fromEntries(
    Object.entries(GATEWAY_STATUSES).map(([status, text]) => [status, problemResponse(text)]),
  );
}

function problemResponse(description: string): Json {
  return { description, content: { 'application/problem+json': { schema: ref('Problem') } } };
}

function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function jsonSchema(schema: z.ZodMiniType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
  return rest;
}
