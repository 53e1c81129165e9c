import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { SIMULATED_PSPS, SIMULATOR, type SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { Clock } from '../clock.ts';
import type { Call } from './call-log.ts';
import type { Charge } from './charge-record.ts';
import { controlChange } from './controls.ts';
import type { Door } from './door.ts';
import { type HttpAnswer, readBody, send, targetOf } from './http.ts';
import { answer, apiError, chargeJson } from './reply.ts';
import type { SimulatedPsp } from './simulated-psp.ts';

/** One simulated PSP behind the control address. */
export interface ControlledPsp {
  readonly psp: SimulatedPsp;
  readonly door: Door;
}

/** What the control address needs. */
export interface ControlledPsps {
  readonly psps: Readonly<Record<SimulatedPspName, ControlledPsp>>;
  readonly clock: Clock;
}

/** A page of a thousand is read in milliseconds; ten of them in one answer are 2 MB. */
const pageSize = z.coerce.number().int().min(1).max(10_000).default(1_000);
const reference = z.string().optional();
const psp = z.enum(SIMULATED_PSPS);
const chargesQuery = z.strictObject({
  psp: psp.optional(),
  reference,
  status: z.enum(['succeeded', 'declined', 'all']).default('succeeded'),
  limit: pageSize,
  /** The PSP's place among those that are listed, and the place in its record. */
  cursor: z
    .string()
    .regex(/^(\d\.)?\d{1,15}$/)
    .optional(),
});
const requestsQuery = z.strictObject({ psp: psp.optional(), reference, limit: pageSize });
/** The switches are one PSP's: who names none means the first. */
const pspQuery = z.strictObject({ psp: psp.default(SIMULATOR) });
const statsQuery = z.strictObject({ psp: psp.optional() });
const controlBody = controlChange.extend({ psp: psp.default(SIMULATOR), reset: z.literal(true).optional() });

type Handler = (controlled: ControlledPsps, query: unknown, body: string) => HttpAnswer | Promise<HttpAnswer>;

const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /charges': listCharges,
  'GET /requests': listRequests,
  'GET /stats': showStats,
  'GET /control': showControls,
  'POST /control': changeControls,
};

/** The control address: for tests and for people, never for callers of the PSP. */
export async function serveControlApi(
  controlled: ControlledPsps,
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
  controlled: ControlledPsps,
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

/**
 * Money that was taken, newest first, one PSP after the other; `status=declined|all` shows what was refused as well.
 * `total` counts all pages.
 */
function listCharges({ psps }: ControlledPsps, query: unknown): HttpAnswer {
  const { psp: asked, reference, status, limit, cursor } = chargesQuery.parse(query);
  const names = named(asked);
  const filter = { reference, status: status === 'all' ? undefined : status };
  const [place, seqBefore] = placeOf(cursor);
  const found = names.flatMap((name, index) => {
    if (index < place) return [];
    const page = psps[name].psp.charges.newestFirst(
      { ...filter, seqBefore: index === place ? seqBefore : undefined },
      limit,
    );
    return page.map((charge) => ({ name, index, charge }));
  });
  const page = found.slice(0, limit);
  const last = found.length >= limit ? page.at(-1) : undefined;
  return answer(200, {
    charges: page.map(({ name, charge }) => chargeJson(charge, name)),
    total: sumOf(names.map((name) => psps[name].psp.charges.count(filter))),
    next_cursor: last === undefined ? null : `${last.index === 0 ? '' : `${last.index}.`}${last.charge.seq}`,
  });
}

function named(asked: SimulatedPspName | undefined): readonly SimulatedPspName[] {
  return asked === undefined ? SIMULATED_PSPS : [asked];
}

function placeOf(cursor: string | undefined): readonly [place: number, seqBefore: number | undefined] {
  if (cursor === undefined) return [0, undefined];
  const [seq, place] = cursor.split('.').reverse();
  return [Number(place ?? 0), Number(seq)];
}

/** The calls of the PSPs' APIs, newest first. Those that were refused a connection never came and are not here. */
function listRequests({ psps }: ControlledPsps, query: unknown): HttpAnswer {
  const { psp: asked, reference, limit } = requestsQuery.parse(query);
  const calls = named(asked).flatMap((name) =>
    psps[name].psp.calls.newestFirst(reference, limit).map((call) => ({ name, call })),
  );
  // Within one PSP the order stands as it was: the sort is stable, and calls of one moment keep theirs.
  const newest = calls.toSorted((one, other) => other.call.at - one.call.at).slice(0, limit);
  const counts = countsOf(psps, asked, reference);
  return answer(200, {
    requests: newest.map(({ name, call }) => callJson(call, name)),
    ...counts,
    total: counts.sends + counts.look_ups + counts.cancellations,
  });
}

function callJson(call: Call, psp: SimulatedPspName) {
  return {
    psp,
    kind: call.kind,
    reference: call.reference,
    idempotency_key: call.idempotencyKey,
    status: call.status,
    at: new Date(call.at).toISOString(),
  };
}

function showStats({ psps }: ControlledPsps, query: unknown): HttpAnswer {
  const { psp: asked } = statsQuery.parse(query);
  const charges = (status: Charge['status']) =>
    sumOf(named(asked).map((name) => psps[name].psp.charges.count({ status })));
  return answer(200, {
    charges: charges('succeeded'),
    declines: charges('declined'),
    ...countsOf(psps, asked, undefined),
  });
}

function countsOf(
  psps: ControlledPsps['psps'],
  asked: SimulatedPspName | undefined,
  reference: string | undefined,
) {
  const counts = named(asked).map((name) => psps[name].psp.calls.counts(reference));
  return {
    sends: sumOf(counts.map(({ sends }) => sends)),
    look_ups: sumOf(counts.map(({ lookUps }) => lookUps)),
    cancellations: sumOf(counts.map(({ cancellations }) => cancellations)),
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function showControls({ psps, clock }: ControlledPsps, query: unknown): HttpAnswer {
  const { psp: name } = pspQuery.parse(query);
  return answer(200, { psp: name, ...psps[name].psp.controls.settings(clock.now()) });
}

/**
 * Answers once the change holds: a PSP that was sent down refuses connections by then. A reset comes before what else
 * the same change asks for.
 */
async function changeControls(controlled: ControlledPsps, query: unknown, body: string): Promise<HttpAnswer> {
  z.strictObject({}).parse(query);
  const { psp: name, reset, ...change } = controlBody.parse(JSON.parse(body));
  const { psp, door } = controlled.psps[name];
  if (reset === true) psp.controls.reset();
  psp.controls.apply(change, controlled.clock.now());
  const downForSeconds = change.down_for_seconds ?? (reset === true ? 0 : undefined);
  if (downForSeconds !== undefined) await door.goDownFor(downForSeconds * 1000);
  return showControls(controlled, { psp: name });
}

function invalid(error: z.ZodError): HttpAnswer {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const [name] = issue.keys;
    return apiError(400, 'unknown_field', `There is no field ${issue.keys.join(', ')}.`, name);
  }
  return apiError(400, 'invalid_field', issue?.message ?? 'The request is not valid.', issue?.path.join('.'));
}
