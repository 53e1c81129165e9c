import { createHash } from 'node:crypto';
import type { Database } from '../../adapters/database/database.ts';
import {
  type ReceivedEvent,
  receiveEvent,
  type VerifiedEvent,
} from '../../adapters/database/statements/receive-event.ts';
import type { Activity } from '../../adapters/dynamodb/activity.ts';
import type { Ids } from '../../adapters/ids.ts';
import type { Meter } from '../../adapters/metrics/meter.ts';
import type { Psp } from '../../adapters/psp/psp.ts';
import type { PspEvent, RawEvent } from '../../adapters/psp/psp-event.ts';
import { type SendEffects, sendWoken } from '../../adapters/sqs/send-woken.ts';
import { instructionIdOfKey, isOrderId } from '../../domain/payment/instruction.ts';
import { Problem } from '../middleware/problem.ts';

export interface ReceiveEffects extends SendEffects {
  readonly database: Database;
  readonly activity: Pick<Activity, 'touch'>;
  readonly psps: ReadonlyMap<string, EventReader>;
  readonly ids: Pick<Ids, 'next'>;
  readonly meter: Meter;
}

type EventReader = Pick<Psp, 'parseEvent'>;
type KnownEvent = Extract<PspEvent, { kind: 'event' }>;

/** PSPs' events have some kilobytes. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** What is kept of a body. */
const KEPT_BYTES = 16 * 1024;

/**
 * Stores a PSP's event, and wakes the instruction that it names to a look-up. The answer is the same for a duplicate, for an
 * event that names nothing of ours and for one that is out of order: the PSP must not send it again.
 *
 * @throws Problem 404 for an unknown account, 413, and 400 for an event that isn't the PSP's: nothing is stored
 */
export async function receive(
  account: string,
  raw: RawEvent,
  effects: ReceiveEffects,
): Promise<ReceivedEvent> {
  const psp = effects.psps.get(account);
  if (psp === undefined) {
    effects.meter.put('EventsRefused', 1, 'unknown_account');
    throw new Problem('not_found', 'There is no such PSP account.');
  }
  try {
    const event = await readEvent(account, psp, raw, effects.meter);
    return await store(verified(account, raw, event, effects), effects);
  } catch (error) {
    if (!(error instanceof Problem)) effects.meter.put('EventsFailed', 1, account);
    throw error;
  }
}

async function store(event: VerifiedEvent, effects: ReceiveEffects): Promise<ReceivedEvent> {
  // Where the database sleeps, the relay looks only after activity.
  await effects.activity.touch();
  const received = await receiveEvent(effects.database, event);
  measure(event.pspAccount, received, effects.meter);
  await sendWoken(received.woken, effects);
  return received;
}

/** Strangers send what isn't signed at all; what is signed wrongly may be the PSP's, after a rotation that went wrong. */
async function readEvent(
  account: string,
  psp: EventReader,
  raw: RawEvent,
  meter: Meter,
): Promise<KnownEvent> {
  if (raw.body.length > BODY_LIMIT_BYTES) {
    meter.put('EventsRefused', 1, 'too_large');
    throw new Problem(
      'body_too_large',
      `The body has ${raw.body.length} bytes; send at most ${BODY_LIMIT_BYTES}.`,
    );
  }
  const event = await psp.parseEvent(raw);
  if (event.kind === 'event') return event;
  meter.put('EventsRefused', 1, event.reason);
  if (event.reason !== 'unsigned') meter.put('EventsFailed', 1, account);
  throw refused();
}

/** The same for every reason: it tells a stranger nothing. */
function refused(): Problem {
  return new Problem(
    'event_refused',
    'The signature is missing, matches no valid secret or is older than five minutes, or the body is not an event.',
  );
}

function verified(
  account: string,
  { body }: RawEvent,
  event: KnownEvent,
  { ids }: ReceiveEffects,
): VerifiedEvent {
  const { idempotencyKey, reference } = event.references;
  return {
    eventId: ids.next('pev'),
    pspAccount: account,
    pspEventId: event.eventId,
    type: event.type,
    objectId: event.objectId,
    objectState: event.objectState ?? '',
    createdAt: event.createdAt,
    signedAt: event.signedAt,
    instructionId: idempotencyKey === undefined ? undefined : instructionIdOfKey(idempotencyKey),
    paymentOrderId: reference !== undefined && isOrderId(reference) ? reference : undefined,
    body: {
      sha256: createHash('sha256').update(body).digest('hex'),
      bytes: body.length,
      beginning: Buffer.from(body.subarray(0, KEPT_BYTES)),
    },
  };
}

function measure(account: string, { state }: ReceivedEvent, meter: Meter): void {
  if (state === 'duplicate') {
    meter.put('EventsDuplicate', 1, account);
    return;
  }
  meter.put('EventsReceived', 1, account);
  if (state === 'early' || state === 'foreign') meter.put('EventsUnmatched', 1, account);
}
