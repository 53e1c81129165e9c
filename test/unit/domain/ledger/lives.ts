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
export type Draws = readonly [start: Draw, draws: readonly Draw[]];
export const someDraws: fc.Arbitrary<Draws> = fc.tuple(draw, fc.array(draw, { maxLength: 60, size: 'max' }));

/** What is wrong, and what had happened until then; nothing if the books are right at every moment. */
export function problemsOf(rules: Rules, draws: Draws): readonly string[] {
  const { problems, past } = lived(rules, draws);
  return problems.length === 0 ? [] : [...problems, ...past];
}

/** Lives a life until its first problem: the books are checked after every event, and at the end, when all that was open is finished. */
export function lived(rules: Rules, [start, draws]: Draws): Life {
  const life = new Life(rules);
  happen(life, START[start.event % START.length], start);
  for (const drawn of draws) {
    const possible = ALL.filter((event) => event.most(life, drawn) > 0n);
    happen(life, possible[drawn.event % possible.length], drawn);
  }
  for (const ending of ALL.filter(({ name }) => ENDINGS.includes(name))) finish(life, ending);
  if (life.problems.length === 0) checkEnd(life);
  return life;
}

function happen(life: Life, event: LifeEvent | undefined, drawn: Draw): void {
  if (event === undefined || life.problems.length > 0) return;
  const drawnMinor = (event.most(life, drawn) * BigInt(drawn.thousandths)) / 1_000n;
  const amountMinor = drawnMinor > 0n ? drawnMinor : 1n;
  life.past.push(`${event.name} of ${amountMinor}`);
  try {
    event.happens(life, amountMinor, drawn);
  } catch (error) {
    life.problems.push(`${error}`);
  }
  life.check();
}

const ENDINGS = [
  'a void',
  'a refund succeeds',
  'the buyer is paid another way',
  'a dispute is lost',
  'a payout is paid',
  'a settlement arrives',
];

function finish(life: Life, ending: LifeEvent): void {
  for (const who of SELLERS.keys()) {
    const drawn: Draw = { event: 0, thousandths: 1_000, who, yes: true };
    while (life.problems.length === 0 && ending.most(life, drawn) > 0n) happen(life, ending, drawn);
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
