import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSimulatorEvent } from '../../../adapters/psp/simulator/parse-event.ts';
import { SIGNATURE_HEADER, signatureOf } from '../../../simulator/webhook-signature.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const CHARGE = {
  id: 'ch_1',
  reference: 'ord_1',
  amount: 15000,
  currency: 'KRW',
  status: 'succeeded',
  idempotency_key: 'ins_1',
};
const EVENT = {
  id: 'evt_1',
  type: 'charge.succeeded',
  created: '2026-01-01T00:00:00.000Z',
  data: { charge: CHARGE },
};
const BODY = JSON.stringify(EVENT);

interface Sent {
  readonly body?: string;
  readonly signedWith?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly signedAt?: number;
  readonly signature?: string;
  readonly valid?: readonly string[];
  readonly refreshed?: readonly string[];
}

function received(sent: Sent = {}) {
  const { body = BODY, signedWith = ['whsec_1'], signedAt = NOW, valid = ['whsec_1', 'whsec_2'] } = sent;
  const signature = sent.signature ?? signatureOf(signedWith, body, signedAt);
  return parseSimulatorEvent(
    { headers: { [SIGNATURE_HEADER.toLowerCase()]: signature }, body: Buffer.from(body), now: NOW },
    { read: async () => valid, refresh: async () => sent.refreshed ?? valid },
  );
}

describe('an event of a simulated PSP', () => {
  test('names the object, its state, our references and when it was signed', async () => {
    expect(await received({ signedAt: NOW - 2_000 })).toEqual({
      kind: 'event',
      eventId: 'evt_1',
      type: 'charge.succeeded',
      objectId: 'ch_1',
      objectState: 'succeeded',
      references: { reference: 'ord_1', idempotencyKey: 'ins_1' },
      createdAt: new Date(NOW),
      signedAt: new Date(NOW - 2_000),
    });
  });

  test.each([
    ['the first of two valid secrets', ['whsec_1']],
    ['the second of two valid secrets', ['whsec_2']],
    ['a valid secret beside another', ['whsec_other', 'whsec_2']],
  ])('is accepted if it is signed with %s', async (_what, signedWith) => {
    expect((await received({ signedWith })).kind).toBe('event');
  });

  test('is accepted if the secret is newer than the one that we know', async () => {
    const sent = { signedWith: ['whsec_new'], valid: ['whsec_old'], refreshed: ['whsec_new', 'whsec_old'] };
    expect((await received(sent)).kind).toBe('event');
  });

  test.each([-300_000, 300_000])('is accepted %i ms from its signature', async (milliseconds) => {
    expect((await received({ signedAt: NOW + milliseconds })).kind).toBe('event');
  });

  test.each([-301_000, 301_000])('is refused %i ms from its signature', async (milliseconds) => {
    expect(await received({ signedAt: NOW + milliseconds })).toEqual({
      kind: 'refused',
      reason: 'not_signed_now',
    });
  });

  test('is refused if no valid secret signed it', async () => {
    expect(await received({ signedWith: ['whsec_other'] })).toEqual({
      kind: 'refused',
      reason: 'wrong_signature',
    });
    expect((await received({ valid: [] })).kind).toBe('refused');
  });

  test('is refused without a signature', async () => {
    const raw = { headers: {}, body: Buffer.from(BODY), now: NOW };
    const secrets = { read: async () => ['whsec_1'], refresh: async () => ['whsec_1'] };
    expect(await parseSimulatorEvent(raw, secrets)).toEqual({
      kind: 'refused',
      reason: 'unsigned',
    });
  });

  test('is refused if a single byte is another', async () => {
    const signature = signatureOf(['whsec_1'], BODY, NOW);
    const index = fc.integer({ min: 0, max: BODY.length - 1 });
    await fc.assert(
      fc.asyncProperty(index, async (at) => {
        const body = `${BODY.slice(0, at)}${BODY[at] === 'x' ? 'y' : 'x'}${BODY.slice(at + 1)}`;
        expect((await received({ body, signature })).kind).toBe('refused');
      }),
    );
  });

  test('is refused if another time stands beside the signature', async () => {
    const signature = signatureOf(['whsec_1'], BODY, NOW).replace(/t=\d+/, `t=${NOW / 1000 + 1}`);
    expect((await received({ signature })).kind).toBe('refused');
  });

  test.each(['', 't=1', 'v1=00', 't=x,v1=00', `t=1,v1=${'0'.repeat(63)}`, `t=1,v0=${'0'.repeat(64)}`])(
    'is refused with the signature "%s"',
    async (signature) => {
      expect((await received({ signature })).kind).toBe('refused');
    },
  );

  test.each([
    ['no JSON', '{'],
    ['no event', '{"hello":"world"}'],
    ['about nothing', JSON.stringify({ ...EVENT, data: {} })],
    ['without an id', JSON.stringify({ ...EVENT, id: '' })],
    ['of no time', JSON.stringify({ ...EVENT, created: 'today' })],
    ['in an unknown state', JSON.stringify({ ...EVENT, data: { charge: { ...CHARGE, status: 'lost' } } })],
  ])('is refused although it is signed, if its body is %s', async (_what, body) => {
    expect(await received({ body })).toEqual({
      kind: 'refused',
      reason: 'unreadable',
    });
  });

  test('is not answered while the secrets can not be read', async () => {
    const raw = {
      headers: { [SIGNATURE_HEADER.toLowerCase()]: signatureOf(['whsec_1'], BODY, NOW) },
      body: Buffer.from(BODY),
      now: NOW,
    };
    const unreadable = () => Promise.reject(new Error('AccessDeniedException'));
    const parsing = parseSimulatorEvent(raw, { read: unreadable, refresh: unreadable });
    await expect(parsing).rejects.toThrow('AccessDeniedException');
  });
});
