import * as z from 'zod/mini';
import { paymentRequestSchema } from '../accept-payment/schema.ts';
import { IDEMPOTENCY_KEY_HEADER } from '../middleware/idempotency.ts';
import { ID_LIMIT, PATH_ID_PATTERN } from '../middleware/text.ts';
import { listQuerySchema } from '../read-payment/schema.ts';
import { trialBalanceSchema, walletSchema } from '../resources/ledger.ts';
import { PAYMENT_ID_PATTERN, paymentListSchema, paymentSchema } from '../resources/payment.ts';
import {
  answersWithoutKey,
  authorizationProblems,
  gatewayResponses,
  type Json,
  ok,
  page,
  pathParameter,
  problems,
  ref,
  requestIdHeader,
} from './answers.ts';

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

const receivedEventSchema = z.object({ received: z.literal(true) });

const healthSchema = z.object({ status: z.literal('ok') });

/** The contract, generated from the schemas that validate requests. Committed as docs/openapi.json. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Oncepay',
      version: '1.0.0',
      description: [
        'Payments that charge once. Amounts are integers in minor units; sums, which may exceed 2^53, are decimal strings.',
        'Lengths are counted in Unicode code points. Ids are compared unchanged, so an id that is not in Unicode normalization form C, or contains an invisible character, is refused; the API normalizes nothing.',
        'Errors are application/problem+json (RFC 9457); a declined charge is a state of its order, not an error.',
        'Send each header and query parameter once. HEAD is supported wherever GET is; OPTIONS and the 405 of every other method answer with Allow.',
      ].join(' '),
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/v1' }],
    security: [{ apiKey: [] }],
    paths: paths(),
    components: {
      responses: gatewayResponses(),
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'A merchant’s API key.' } },
      schemas: {
        PaymentRequest: jsonSchema(paymentRequestSchema),
        Payment: jsonSchema(paymentSchema),
        PaymentList: paymentList(),
        Wallet: jsonSchema(walletSchema),
        TrialBalance: jsonSchema(trialBalanceSchema),
        Problem: jsonSchema(problemSchema),
        Health: jsonSchema(healthSchema),
        ReceivedEvent: jsonSchema(receivedEventSchema),
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
    '/webhooks/{psp_account}': { post: receiveEvent() },
    '/returns/{payment_order_id}': { get: returnFromPsp() },
    '/health': { get: readHealth() },
    '/openapi.json': { get: readContract() },
  };
}

function createPayment(): Json {
  return {
    operationId: 'createPayment',
    summary: 'Accept a payment: it is durable and queued when this answers',
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        required: true,
        description:
          'A new one for every new payment: 1 to 255 characters of printable ASCII, quoted or bare. The same key and body replay the first answer, byte for byte, for 30 days.',
        schema: { type: 'string', ...IDEMPOTENCY_KEY_HEADER },
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
        'repeated_header',
        'missing_idempotency_key',
        'malformed_idempotency_key',
        'duplicate_merchant_reference',
        'body_too_large',
        'unsupported_media_type',
        'invalid_request',
        'amount_cap_exceeded',
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
      ...ok('A page. A page of large payments may have fewer than `limit`; check has_more.', 'PaymentList'),
      ...problems('repeated_header', 'invalid_parameter', 'invalid_cursor'),
      ...authorizationProblems(),
    },
  };
}

function readPayment(): Json {
  return {
    operationId: 'readPayment',
    summary: 'One payment, with the timeline of attempts of each order',
    parameters: [pathParameter('payment_id', { pattern: PAYMENT_ID_PATTERN })],
    responses: {
      ...ok('The payment.', 'Payment'),
      ...problems('repeated_header', 'invalid_parameter', 'not_found'),
      ...authorizationProblems(),
    },
  };
}

function readWallet(): Json {
  return {
    operationId: 'readWallet',
    summary: 'A seller’s balances, by currency',
    parameters: [pathParameter('seller_id', { minLength: 1, maxLength: ID_LIMIT, pattern: PATH_ID_PATTERN })],
    responses: {
      ...ok('The wallet; without balances for an unknown seller.', 'Wallet'),
      ...problems('repeated_header', 'invalid_parameter'),
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
      ...problems('repeated_header', 'invalid_parameter'),
      ...authorizationProblems(),
    },
  };
}

function receiveEvent(): Json {
  return {
    operationId: 'receiveEvent',
    summary: 'For PSPs: an event, signed as the PSP of this account signs',
    description:
      'An event is stored once and is never believed: the payment that it names is looked up at the PSP. A duplicate and an event of something else are answered with 200, too. Everything that isn’t signed by the PSP gets the same 400.',
    security: [],
    parameters: [pathParameter('psp_account', { minLength: 1 })],
    requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' } } } },
    responses: {
      ...ok('Stored, now or before.', 'ReceivedEvent'),
      ...problems('event_refused', 'not_found', 'body_too_large'),
      ...answersWithoutKey(),
    },
  };
}

function returnFromPsp(): Json {
  return {
    operationId: 'returnFromPsp',
    summary: 'For buyers: back from the PSP, and on to the payment’s return_url',
    description:
      'The buyer is sent to the `return_url` that was given with the payment, with `payment_id` added, and to no other address. It carries no status: read the payment. The query is ignored.',
    security: [],
    parameters: [pathParameter('payment_order_id', { minLength: 1 })],
    responses: {
      200: page('The payment has no return_url: a page that says that the payment is being confirmed.'),
      303: {
        description: 'To the merchant.',
        headers: { Location: { schema: { type: 'string', format: 'uri' } }, ...requestIdHeader() },
      },
      404: page('There is no such payment order: a page that says so.'),
      ...answersWithoutKey(),
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

const JSON_SCHEMA = { io: 'input', target: 'draft-2020-12' } as const;

/** Its payments by reference, not written out a second time. */
function paymentList(): Json {
  const list = z.toJSONSchema(paymentListSchema, JSON_SCHEMA);
  const { $schema: _dialect, properties, ...rest } = list;
  return { ...rest, properties: { ...properties, data: { type: 'array', items: ref('Payment') } } };
}

function jsonSchema(schema: z.ZodMiniType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, JSON_SCHEMA);
  return rest;
}
