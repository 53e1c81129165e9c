import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';
import type { EventRefusal, PspEvent, RawEvent } from '../psp-event.ts';
import { chargeSchema, moment, parse, text } from './charge-answer.ts';

/** The secrets whose signatures are valid: two during a rotation. */
export interface SigningSecrets {
  read(): Promise<readonly string[]>;
  /** Reads them again, after a signature matched none. */
  refresh(): Promise<readonly string[]>;
}

/** A header of the simulated PSPs, in lower case: `t=<seconds since the epoch>,v1=<signature>`, one `v1` per secret. */
const SIGNATURE_HEADER = 'simulator-signature';
/** How far the signature's time may be from ours: a captured event can't be sent again after this. */
const TOLERANCE_SECONDS = 300;
/** A sender has at most two secrets. More signatures would only cost time. */
const MAX_SIGNATURES = 4;

const eventSchema = z.object({
  id: text,
  type: text,
  created: moment,
  data: z.object({ charge: z.extend(chargeSchema, { idempotency_key: z.optional(text) }) }),
});

/** @throws when the secrets can't be read */
export async function parseSimulatorEvent(raw: RawEvent, secrets: SigningSecrets): Promise<PspEvent> {
  const header = raw.headers[SIGNATURE_HEADER];
  const signature = header === undefined ? undefined : readSignature(header);
  if (signature === undefined) return refused('unsigned');
  const ageSeconds = raw.now / 1000 - signature.seconds;
  if (Math.abs(ageSeconds) > TOLERANCE_SECONDS) return refused('not_signed_now');
  const isSigned = (keys: readonly string[]) => keys.some((key) => isSignedWith(key, signature, raw.body));
  if (!isSigned(await secrets.read()) && !isSigned(await secrets.refresh()))
    return refused('wrong_signature');
  return readEvent(raw.body, signature);
}

interface Signature {
  /** As it is signed. */
  readonly time: string;
  /** The same, since the epoch. */
  readonly seconds: number;
  readonly digests: readonly Buffer[];
}

function readSignature(header: string): Signature | undefined {
  const match = /^t=(\d{1,12})((?:,v1=[0-9a-f]{64})+)$/.exec(header);
  const [, time, rest] = match ?? [];
  if (time === undefined || rest === undefined) return undefined;
  const digests = rest.split(',v1=').slice(1, 1 + MAX_SIGNATURES);
  return { time, seconds: Number(time), digests: digests.map((digest) => Buffer.from(digest, 'hex')) };
}

function isSignedWith(secret: string, { time, digests }: Signature, body: Uint8Array): boolean {
  const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
  return digests.some((digest) => timingSafeEqual(digest, expected));
}

function readEvent(body: Uint8Array, { seconds }: Signature): PspEvent {
  const event = parse(eventSchema, Buffer.from(body).toString('utf8'));
  if (event === undefined) return refused('unreadable');
  const { id, reference, status, idempotency_key: idempotencyKey } = event.data.charge;
  return {
    kind: 'event',
    eventId: event.id,
    type: event.type,
    objectId: id,
    objectState: status,
    references: { reference, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) },
    createdAt: event.created,
    signedAt: new Date(seconds * 1000),
  };
}

function refused(reason: EventRefusal): PspEvent {
  return { kind: 'refused', reason };
}
