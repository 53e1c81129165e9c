import * as z from 'zod/mini';
import { SIMULATOR, type SimulatedPspName } from '../domain/payment/payment-method.ts';
import { chargeJson } from './charge-json.ts';
import { CHARGE_STATUSES } from './charge-status.ts';
import { type ControlledEvents, listEvents, redeliverEvents } from './control-events.ts';
import { InvalidRequest, named, pageSize, parse, pspName } from './control-request.ts';
import { type DashboardCharge, dashboardCharge } from './dashboard.ts';
import type { Call, Charge, RecordView } from './record.ts';
import { type Answer, answer, apiError } from './reply.ts';
import { changedSwitches, type SwitchBoard, shownSwitches, switchChange } from './switches.ts';

/** One simulated PSP behind the control address. */
export interface ControlledPsp {
  readonly record: RecordView;
  readonly switches: SwitchBoard;
  /** Resolves when it can't be reached or, for 0, can be reached again. */
  readonly goDownFor: (milliseconds: number) => Promise<void>;
  /** Ends every charge that is due. */
  readonly advance: () => Promise<void>;
  /** Makes a charge that nobody asked for by the API. */
  readonly chargeInDashboard: (charge: DashboardCharge) => Promise<Answer>;
  readonly events: ControlledEvents;
}

/** The parts that the control address needs. */
export interface ControlledPsps {
  readonly psps: Readonly<Record<SimulatedPspName, ControlledPsp>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface ControlRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

const reference = z.optional(z.string());
const chargesQuery = z.strictObject({
  psp: z.optional(pspName),
  reference,
  status: z._default(
    z.enum([...CHARGE_STATUSES, 'all'], `It takes ${CHARGE_STATUSES.join(', ')} or all.`),
    'succeeded',
  ),
  limit: pageSize,
  /** The PSP's index in the list, and the position in its record. */
  cursor: z.optional(z.string().check(z.regex(/^(\d\.)?[\w-]{1,255}$/, 'It is no cursor of this list.'))),
});
const requestsQuery = z.strictObject({ psp: z.optional(pspName), reference, limit: pageSize });
/** The switches are one PSP's; the first by default. */
const pspQuery = z.strictObject({ psp: z._default(pspName, SIMULATOR) });
const statsQuery = z.strictObject({ psp: z.optional(pspName) });
const chargeBody = z.extend(dashboardCharge, { psp: z._default(pspName, SIMULATOR) });
const controlBody = z.extend(switchChange, {
  psp: z.optional(pspName),
  reset: z.optional(z.literal(true, 'It takes true.')),
});

type Handler = (controlled: ControlledPsps, query: unknown, body: string) => Promise<Answer>;

const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /charges': listCharges,
  'POST /charges': makeCharge,
  'GET /requests': listRequests,
  'GET /stats': showStats,
  'GET /control': showControls,
  'POST /control': changeControls,
  'GET /events': listEvents,
  'POST /events/redeliver': redeliverEvents,
};

/** The control address, for tests and people, never for callers of the PSP. Answers end with a line feed, for a terminal. */
export async function serveControlApi(controlled: ControlledPsps, request: ControlRequest): Promise<Answer> {
  const answered = await carryOut(controlled, request);
  return { ...answered, body: `${answered.body}\n` };
}

async function carryOut(controlled: ControlledPsps, request: ControlRequest): Promise<Answer> {
  const name = `${request.method} ${request.path}`;
  const handler = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  if (handler === undefined) {
    const known = Object.keys(ROUTES).join(', ');
    return apiError(404, 'no_such_resource', `There is no ${name}; there is ${known}.`);
  }
  try {
    return await handler(controlled, Object.fromEntries(request.query), request.body);
  } catch (error) {
    if (error instanceof SyntaxError) return apiError(400, 'invalid_json', 'The body is not JSON.');
    if (error instanceof InvalidRequest) return error.answer;
    throw error;
  }
}

/**
 * Charges, newest first, one PSP after the other; `status` selects another state than `succeeded`, or `all`.
 * `total` counts all pages.
 */
async function listCharges({ psps }: ControlledPsps, query: unknown): Promise<Answer> {
  const { psp: asked, reference, status, limit, cursor } = parse(chargesQuery, query);
  const names = named(asked);
  const filter = { reference, status: status === 'all' ? undefined : status };
  const [place, after] = placeOf(cursor);
  for (const name of names) await psps[name].advance();
  const page: { name: SimulatedPspName; index: number; charge: Charge; cursor: string }[] = [];
  for (const [index, name] of names.entries()) {
    const room = limit - page.length;
    if (index < place || room === 0) continue;
    const found = await psps[name].record.listCharges(filter, room, index === place ? after : undefined);
    if (found === undefined) return apiError(400, 'invalid_field', 'It is no cursor of this list.', 'cursor');
    page.push(...found.map((listed) => ({ name, index, ...listed })));
  }
  const last = page.length === limit ? page.at(-1) : undefined;
  return answer(200, {
    charges: page.map(({ name, charge }) => chargeJson(charge, name)),
    total: await sumOf(names, (name) => psps[name].record.countCharges(filter)),
    next_cursor: last === undefined ? null : `${last.index === 0 ? '' : `${last.index}.`}${last.cursor}`,
  });
}

/** As somebody in the PSP's dashboard does. */
async function makeCharge({ psps }: ControlledPsps, query: unknown, body: string): Promise<Answer> {
  parse(z.strictObject({}), query);
  const { psp, ...charge } = parse(chargeBody, JSON.parse(body));
  return psps[psp].chargeInDashboard(charge);
}

function placeOf(cursor: string | undefined): readonly [place: number, after: string | undefined] {
  if (cursor === undefined) return [0, undefined];
  const [after, place] = cursor.split('.').reverse();
  return [Number(place ?? 0), after];
}

/** The calls to the PSPs' APIs, newest first. Calls that could not connect are not included. */
async function listRequests({ psps }: ControlledPsps, query: unknown): Promise<Answer> {
  const { psp: asked, reference, limit } = parse(requestsQuery, query);
  const calls: { name: SimulatedPspName; call: Call }[] = [];
  for (const name of named(asked)) {
    const found = await psps[name].record.listCalls(reference, limit);
    calls.push(...found.map((call) => ({ name, call })));
  }
  // The order within one PSP is kept: the sort is stable, also for calls at the same time.
  const newest = calls.toSorted((one, other) => other.call.at - one.call.at).slice(0, limit);
  const counts = await countsOf(psps, asked, reference);
  return answer(200, {
    requests: newest.map(({ name, call }) => callJson(call, name)),
    ...counts,
    total: counts.sends + counts.confirms + counts.look_ups + counts.invalidations,
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

async function showStats({ psps }: ControlledPsps, query: unknown): Promise<Answer> {
  const { psp: asked } = parse(statsQuery, query);
  for (const name of named(asked)) await psps[name].advance();
  const charges = (status: Charge['status']) =>
    sumOf(named(asked), (name) => psps[name].record.countCharges({ reference: undefined, status }));
  return answer(200, {
    charges: await charges('succeeded'),
    declines: await charges('declined'),
    ...(await countsOf(psps, asked, undefined)),
  });
}

async function countsOf(
  psps: ControlledPsps['psps'],
  asked: SimulatedPspName | undefined,
  reference: string | undefined,
) {
  const total = { sends: 0, confirms: 0, look_ups: 0, invalidations: 0 };
  for (const name of named(asked)) {
    const counts = await psps[name].record.countCalls(reference);
    total.sends += counts.sends;
    total.confirms += counts.confirms;
    total.look_ups += counts.lookUps;
    total.invalidations += counts.invalidations;
  }
  return total;
}

async function sumOf(
  names: readonly SimulatedPspName[],
  count: (name: SimulatedPspName) => Promise<number>,
): Promise<number> {
  let sum = 0;
  for (const name of names) sum += await count(name);
  return sum;
}

async function showControls({ psps, now }: ControlledPsps, query: unknown): Promise<Answer> {
  const { psp: name } = parse(pspQuery, query);
  return answer(200, { psp: name, ...shownSwitches(await psps[name].switches.read(), now()) });
}

/**
 * Answers once the change is in effect: a PSP that is down can't be reached by then. A reset applies before the other changes
 * of the same request, and to all PSPs if none is named.
 */
async function changeControls(controlled: ControlledPsps, query: unknown, body: string): Promise<Answer> {
  parse(z.strictObject({}), query);
  const { psp: asked, reset, ...change } = parse(controlBody, JSON.parse(body));
  const name = asked ?? SIMULATOR;
  const { switches, goDownFor, events } = controlled.psps[name];
  const { webhook_url: webhookUrl } = change;
  const refusal = typeof webhookUrl === 'string' ? events.refusalOf(webhookUrl) : undefined;
  if (refusal !== undefined) return apiError(400, 'invalid_field', refusal, 'webhook_url');
  if (reset === true) for (const each of named(asked)) await resetSwitches(controlled.psps[each]);
  const now = controlled.now();
  await switches.change((before) => changedSwitches(before, change, now));
  if (change.down_for_seconds !== undefined) await goDownFor(change.down_for_seconds * 1000);
  return showControls(controlled, { psp: name });
}

async function resetSwitches({ switches, goDownFor }: ControlledPsp): Promise<void> {
  await switches.change(() => switches.initial);
  await goDownFor(0);
}
