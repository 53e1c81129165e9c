import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { controlChange } from './controls.ts';
import type { Door } from './door.ts';
import { type HttpAnswer, readBody, send, targetOf } from './http.ts';
import { answer, apiError, chargeJson } from './reply.ts';
import type { SimulatedPsp } from './simulated-psp.ts';

/** What the control address needs of the PSP behind it. */
export interface ControlledPsp {
  readonly psp: SimulatedPsp;
  readonly door: Door;
  readonly clock: Clock;
}

/** A page of a thousand is read in milliseconds; ten of them in one answer are 2 MB. */
const pageSize = z.coerce.number().int().min(1).max(10_000).default(1_000);
const reference = z.string().optional();
const chargesQuery = z.strictObject({
  reference,
  status: z.enum(['succeeded', 'declined', 'all']).default('succeeded'),
  limit: pageSize,
  cursor: z.coerce.number().int().min(1).optional(),
});
const requestsQuery = z.strictObject({ reference, limit: pageSize });
const noQuery = z.strictObject({});

type Handler = (controlled: ControlledPsp, query: unknown, body: string) => HttpAnswer | Promise<HttpAnswer>;

const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /charges': listCharges,
  'GET /requests': listRequests,
  'GET /stats': showStats,
  'GET /control': showControls,
  'POST /control': changeControls,
};

/** The control address: for tests and for people, never for callers of the PSP. */
export async function serveControlApi(
  controlled: ControlledPsp,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  if (body.kind === 'broken_off') return;
  if (body.kind === 'too_large') {
    send(response, apiError(413, 'body_too_large', 'The body is too large.'));
    return;
  }
  const url = targetOf(request);
  send(response, await route(controlled, `${request.method} ${url.pathname}`, url.searchParams, body.text));
}

async function route(
  controlled: ControlledPsp,
  name: string,
  query: URLSearchParams,
  body: string,
): Promise<HttpAnswer> {
  const handler = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  if (handler === undefined) {
    return apiError(
      404,
      'no_such_resource',
      `There is no ${name}; there is ${Object.keys(ROUTES).join(', ')}.`,
    );
  }
  try {
    return await handler(controlled, Object.fromEntries(query), body);
  } catch (error) {
    if (error instanceof SyntaxError) return apiError(400, 'invalid_json', 'The body is not JSON.');
    if (error instanceof z.ZodError) return invalid(error);
    throw error;
  }
}

/** Money that was taken, newest first; `status=declined|all` shows what was refused as well. `total` counts all pages. */
function listCharges({ psp }: ControlledPsp, query: unknown): HttpAnswer {
  const { reference, status, limit, cursor } = chargesQuery.parse(query);
  const filter = { reference, status: status === 'all' ? undefined : status };
  const page = psp.charges.newestFirst({ ...filter, seqBefore: cursor }, limit);
  const last = page.length === limit ? page.at(-1) : undefined;
  return answer(200, {
    charges: page.map(chargeJson),
    total: psp.charges.count(filter),
    next_cursor: last === undefined ? null : String(last.seq),
  });
}

/** The calls of the PSP's API, newest first. Those that were refused a connection never came and are not here. */
function listRequests({ psp }: ControlledPsp, query: unknown): HttpAnswer {
  const { reference, limit } = requestsQuery.parse(query);
  const { sends, lookUps } = psp.calls.counts(reference);
  const requests = psp.calls.newestFirst(reference, limit).map((call) => ({
    kind: call.kind,
    reference: call.reference,
    idempotency_key: call.idempotencyKey,
    status: call.status,
    at: new Date(call.at).toISOString(),
  }));
  return answer(200, { requests, sends, look_ups: lookUps, total: sends + lookUps });
}

function showStats({ psp }: ControlledPsp, query: unknown): HttpAnswer {
  noQuery.parse(query);
  const { sends, lookUps } = psp.calls.counts(undefined);
  return answer(200, {
    charges: psp.charges.count({ status: 'succeeded' }),
    declines: psp.charges.count({ status: 'declined' }),
    sends,
    look_ups: lookUps,
  });
}

function showControls({ psp, clock }: ControlledPsp, query: unknown): HttpAnswer {
  noQuery.parse(query);
  return answer(200, psp.controls.settings(clock.now()));
}

/** Answers once the change holds: a PSP that was sent down refuses connections by then. */
async function changeControls(controlled: ControlledPsp, query: unknown, body: string): Promise<HttpAnswer> {
  noQuery.parse(query);
  const change = controlChange.parse(JSON.parse(body));
  controlled.psp.controls.apply(change, controlled.clock.now());
  if (change.down_for_seconds !== undefined) await controlled.door.goDownFor(change.down_for_seconds * 1000);
  return showControls(controlled, {});
}

function invalid(error: z.ZodError): HttpAnswer {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const [name] = issue.keys;
    return apiError(400, 'unknown_field', `There is no field ${issue.keys.join(', ')}.`, name);
  }
  return apiError(400, 'invalid_field', issue?.message ?? 'The request is not valid.', issue?.path.join('.'));
}
