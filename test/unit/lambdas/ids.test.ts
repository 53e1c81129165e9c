import { describe, expect, test } from 'vitest';
import { paymentRequestSchema } from '../../../lambdas/accept-payment/schema.ts';
import { idempotencyKeyOf } from '../../../lambdas/middleware/idempotency.ts';
import { problemOfPathId } from '../../../lambdas/middleware/text.ts';
import { Random } from '../../simulation/random.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';
import { ID_SCHEMES, withLuhnDigit } from '../../support/id-schemes.ts';

/** Of each scheme; `npm run id-draws` takes a million. */
const DRAWS = Number(process.env.ID_DRAWS ?? 1_000);
const SEED = 20_261_130;

/** Everywhere that a shop puts an id of its own: whether all of it is taken. */
function isTaken(id: string): boolean {
  const request = {
    merchant_reference: id,
    buyer_id: id,
    payment_method: 'sim_ok',
    metadata: { order: id, note: `see ${id}` },
    payment_orders: [{ amount: 1, currency: 'KRW', seller_id: id }],
  };
  if (!paymentRequestSchema.safeParse(request).success || problemOfPathId(id) !== undefined) return false;
  const key = idempotencyKeyOf(gatewayEvent({ multiValueHeaders: { 'Idempotency-Key': [`"${id}"`] } }));
  return key === id;
}

describe('an id is not a card', () => {
  test.each(Object.entries(ID_SCHEMES))('%s', { timeout: 5_000 + DRAWS }, (name, draw) => {
    const random = new Random(SEED + name.length);
    const refused: string[] = [];
    for (let drawn = 0; drawn < DRAWS; drawn += 1) {
      const id = draw(random);
      if (!isTaken(id)) refused.push(id);
    }
    expect(refused).toEqual([]);
  });

  test('not even where its digits are those of one', () => {
    const random = new Random(SEED);
    for (let drawn = 0; drawn < 1_000; drawn += 1) {
      const id = withLuhnDigit(`4${Array.from({ length: 14 }, () => random.below(10)).join('')}`);
      expect([id, isTaken(id)]).toEqual([id, true]);
    }
  });
});

test('an Idempotency-Key is never refused for its digits, as on a card or not', () => {
  for (const key of ['4111111111111111', '4111-1111-1111-1111', '"card 4111 1111 1111 1111"'])
    expect(idempotencyKeyOf(gatewayEvent({ multiValueHeaders: { 'Idempotency-Key': [key] } }))).toBe(
      key.replaceAll('"', ''),
    );
});
