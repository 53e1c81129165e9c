import { describe, expect, test } from 'vitest';
import { paymentRequestSchema } from '../../../lambdas/accept-payment/schema.ts';
import { idempotencyKeyOf } from '../../../lambdas/middleware/idempotency.ts';
import {
  ID_LIMIT,
  problemOfCardData,
  problemOfFreeText,
  problemOfId,
  problemOfPathId,
} from '../../../lambdas/middleware/text.ts';
import { Random } from '../../simulation/random.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';
import { ID_SCHEMES, withLuhnDigit } from '../../support/id-schemes.ts';

/** Of each scheme; `npm run id-draws` takes a million. */
const DRAWS = Number(process.env.ID_DRAWS ?? 1_000);
/** The first of them go through the whole schema, all of them through the rules that it is made of. */
const WHOLE_DRAWS = 1_000;
const SEED = 20_261_130;

const problemOfAnId = problemOfId(ID_LIMIT);
const problemOfAValue = problemOfFreeText(500);

/** Whether the rules take an id everywhere that a shop puts one of its own. */
function isTakenByRules(id: string): boolean {
  const problems = [problemOfAnId(id), problemOfPathId(id), problemOfAValue(`see ${id}`)];
  return (
    problems.every((problem) => problem === undefined) && problemOfCardData(`order: ${id}`) === undefined
  );
}

function isTaken(id: string): boolean {
  const request = {
    merchant_reference: id,
    buyer_id: id,
    payment_method: 'sim_ok',
    metadata: { order: id, note: `see ${id}` },
    payment_orders: [{ amount: 1, currency: 'KRW', seller_id: id }],
  };
  return isTakenByRules(id) && paymentRequestSchema.safeParse(request).success && isTakenAsKey(id);
}

function isTakenAsKey(id: string): boolean {
  const event = gatewayEvent({ multiValueHeaders: { 'Idempotency-Key': [`"${id}"`] } });
  return idempotencyKeyOf(event) === id;
}

describe('an id is not a card', () => {
  test.each(Object.entries(ID_SCHEMES))('%s', { timeout: 5_000 + DRAWS }, (name, draw) => {
    const random = new Random(SEED + name.length);
    const refused: string[] = [];
    for (let drawn = 0; drawn < DRAWS; drawn += 1) {
      const id = draw(random);
      const isFine = drawn < WHOLE_DRAWS ? isTaken(id) : isTakenByRules(id) && isTakenAsKey(id);
      if (!isFine) refused.push(id);
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
