import fc from 'fast-check';
import { POSTINGS } from '../../../../domain/ledger/posting.ts';
import { allocateNext } from '../../../../domain/money/allocation.ts';
import { Life, type Rules, SELLERS } from './life.ts';
import type { Draw, LifeEvent } from './life-event.ts';
import { EVENTS, START } from './life-events.ts';
import { SETTLEMENTS } from './life-settlements.ts';

export const RULES: Rules = { postings: POSTINGS, allocateNext };

const ALL = [...EVENTS, ...SETTLEMENTS];
const draw: fc.Arbitrary<Draw> = fc.record({
  event: fc.nat(9_999),
  // All of it often, so that things come to their end.
  thousandths: fc.oneof(fc.constant(1_000), fc.nat(1_000)),
  who: fc.nat(5),
  yes: fc.boolean(),
});

/** How a life begins, and what is drawn for each of its events. */
export const someDraws = fc.tuple(draw, fc.array(draw, { maxLength: 80 }));

/** Lives the life, checks the books after every event, then finishes all that is open and checks what must be empty. */
export function problemsOf(
  rules: Rules,
  [start, draws]: readonly [Draw, readonly Draw[]],
): readonly string[] {
  const life = new Life(rules);
  const past: string[] = [];
  const happens = (event: LifeEvent, drawn: Draw) => {
    past.push(happen(life, event, drawn));
    life.check();
    return life.problems.length === 0;
  };
  const events = START.flatMap((event, index) => (index === start.event % START.length ? [event] : []));
  if (!events.every((event) => happens(event, start))) return [...life.problems, ...past];
  for (const drawn of draws) {
    const possible = ALL.filter((event) => event.most(life, drawn) > 0n);
    const event = possible[drawn.event % possible.length];
    if (event !== undefined && !happens(event, drawn)) return [...life.problems, ...past];
  }
  finish(life, happens);
  checkEnd(life);
  return life.problems.length === 0 ? [] : [...life.problems, ...past];
}

function happen(life: Life, event: LifeEvent, drawn: Draw): string {
  const most = event.most(life, drawn);
  const amountMinor = (most * BigInt(drawn.thousandths)) / 1_000n;
  const within = amountMinor > 0n ? amountMinor : 1n;
  try {
    event.happens(life, within, drawn);
  } catch (error) {
    life.problems.push(`${event.name} of ${within}: ${error}`);
  }
  return `${event.name} of ${within}`;
}

const ENDINGS = [
  'a void',
  'a refund succeeds',
  'the buyer is paid another way',
  'a dispute is lost',
  'a payout is paid',
  'a settlement arrives',
];

function finish(life: Life, happens: (event: LifeEvent, drawn: Draw) => boolean): void {
  for (const ending of ALL.filter(({ name }) => ENDINGS.includes(name)))
    for (const who of SELLERS.keys()) {
      const drawn: Draw = { event: 0, thousandths: 1_000, who, yes: true };
      while (ending.most(life, drawn) > 0n) if (!happens(ending, drawn)) return;
    }
}

const EMPTY_AT_THE_END = [
  'refund_clearing',
  'payout_clearing',
  'psp_payout_in_transit',
  'dispute_receivable',
  'dispute_reserve',
  'buyer_refund_payable',
];

function checkEnd(life: Life): void {
  const left = new Map<string, bigint>();
  for (const { account, direction, phase, amountMinor } of life.entries) {
    const name = phase === 'posted' ? account.kind : 'holds';
    const signed = (direction === 'debit') === (phase !== 'voided') ? amountMinor : -amountMinor;
    const key = name === 'holds' ? `holds of ${account.kind}` : name;
    left.set(key, (left.get(key) ?? 0n) + signed);
  }
  for (const [name, sum] of left)
    if ((EMPTY_AT_THE_END.includes(name) || name.startsWith('holds')) && sum !== 0n)
      life.problems.push(`${sum} is left of ${name}`);
}
