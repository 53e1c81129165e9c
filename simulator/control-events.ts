import * as z from 'zod/mini';
import type { SimulatedPspName } from '../domain/payment/payment-method.ts';
import { named, pageSize, parse, pspName } from './control-request.ts';
import { type EventView, eventJson, isDelivered, type PspEvent } from './event.ts';
import { type Answer, answer, apiError } from './reply.ts';

/** The events of one simulated PSP behind the control address. */
export interface ControlledEvents {
  readonly view: EventView;
  /** Sends an event now. Resolves with undefined if there is no such event. */
  readonly attempt: (id: string) => Promise<PspEvent | undefined>;
  /** Why this host sends no events to the URL; undefined if it does. */
  readonly refusalOf: (webhookUrl: string) => string | undefined;
}

interface WithEvents {
  readonly psps: Readonly<
    Record<SimulatedPspName, { readonly events: ControlledEvents; readonly advance: () => Promise<void> }>
  >;
}

/** What one request sends again: each takes a receiver's time, and a gateway waits for 29 s. */
const MAX_REDELIVERIES = 100;
/** How far back undelivered events are looked for. */
const EVENTS_SEARCHED = 10_000;

const eventsQuery = z.strictObject({
  psp: z.optional(pspName),
  reference: z.optional(z.string()),
  limit: pageSize,
});
const redelivery = z.strictObject({ psp: z.optional(pspName), id: z.optional(z.string()) });

/** Events, newest first, one PSP after the other. */
export async function listEvents({ psps }: WithEvents, query: unknown): Promise<Answer> {
  const { psp, reference, limit } = parse(eventsQuery, query);
  const found = [];
  for (const name of named(psp)) {
    const { events, advance } = psps[name];
    await advance();
    const listed = await events.view.list(reference === undefined ? limit : EVENTS_SEARCHED);
    const matching = listed.filter((event) => reference === undefined || event.reference === reference);
    found.push(...matching.map((event) => eventJson(event, name)));
  }
  return answer(200, { events: found.slice(0, limit) });
}

/** Sends the named event again, or every event that has not been delivered, lost ones included, oldest first. */
export async function redeliverEvents({ psps }: WithEvents, query: unknown, body: string): Promise<Answer> {
  parse(z.strictObject({}), query);
  const { psp, id } = parse(redelivery, JSON.parse(body));
  const sent: PspEvent[] = [];
  for (const name of named(psp)) {
    const { events, advance } = psps[name];
    await advance();
    const ids = id === undefined ? await undelivered(events.view) : [id];
    for (const each of ids.slice(0, MAX_REDELIVERIES - sent.length)) {
      const event = await events.attempt(each);
      if (event !== undefined) sent.push(event);
    }
  }
  if (id !== undefined && sent.length === 0) {
    return apiError(404, 'no_such_event', 'There is no event with this id.', 'id');
  }
  return answer(200, { sent: sent.length, delivered: sent.filter(isDelivered).length });
}

async function undelivered(view: EventView): Promise<readonly string[]> {
  const listed = await view.list(EVENTS_SEARCHED);
  return listed
    .filter((event) => !isDelivered(event))
    .map(({ id }) => id)
    .reverse();
}
