import { type AccountKind, CHART, normalSideOf } from '../../../../domain/ledger/account.ts';
import { type AccountBalance, balancesOf } from '../../../../domain/ledger/balances.ts';
import { type FactsOf, type LedgerEvent, POSTINGS } from '../../../../domain/ledger/posting.ts';
import type { LedgerEntry, LedgerTransaction } from '../../../../domain/ledger/transaction.ts';
import { formatAmount } from '../../../../domain/money/currency.ts';
import { EXAMPLES } from './posting-examples.ts';
import { LIFE } from './worked-example.ts';

type Rows = readonly (readonly string[])[];

/** What the page says of each account. */
const ACCOUNTS: Readonly<Record<AccountKind, string>> = {
  psp_receivable: 'what the PSP account owes us',
  psp_reserve: 'what the PSP account keeps back as its security',
  psp_payout_in_transit: 'what the PSP account has paid out and our bank hasn’t received',
  dispute_receivable: 'what the PSP account has taken for open disputes',
  bank_cash: 'our bank account',
  input_vat: 'tax on the PSP’s fees, which we claim from the state',
  fx_position: 'what the PSP account has converted, never revalued',
  seller_payable: 'the seller’s wallet',
  seller_reserve: 'what we keep back of the seller’s money as our security',
  unallocated_seller_funds: 'owed to a seller that isn’t known yet, or is closed',
  buyer_refund_payable: 'owed to buyers whose refund failed after it had succeeded',
  refund_clearing: 'refunds under way',
  payout_clearing: 'payouts under way',
  dispute_reserve: 'taken from sellers for open disputes',
  psp_invoice_payable: 'fees that the PSP has invoiced',
  suspense: 'differences that nobody has explained yet',
  platform_fee_revenue: 'the platform’s fees',
  psp_fee_expense: 'the PSP’s fees, without tax',
  dispute_fee_expense: 'the PSP’s fees for disputes, without tax',
  seller_debt_loss: 'debts of the seller that are written off and not recovered',
  platform_loss: 'refunds, disputes and differences that the platform bears',
};

/** Each part of the table of postings, by its first event. */
const PARTS: Readonly<Partial<Record<LedgerEvent, string>>> = {
  authorized: 'Holds and charges',
  platform_fee_taken: 'Fees',
  refund_requested: 'Refunds',
  payout_requested: 'Payouts to sellers',
  dispute_inquiry: 'Disputes',
  psp_reserve_held: 'Reserves',
  settlement_sent: 'The PSP and our bank',
  seller_adjusted: 'Corrections',
};

/** The page with all of its tables made anew, each between `<!-- name -->` and `<!-- /name -->`. */
export function withTables(page: string): string {
  const tables = { chart: chart(), postings: postings(), life: life(), 'trial-balance': trialBalance() };
  return Object.entries(tables).reduce((text, [name, made]) => {
    const block = new RegExp(`<!-- ${name} -->[\\s\\S]*<!-- /${name} -->`);
    if (!block.test(text)) throw new Error(`the page has no place for the table ${name}`);
    return text.replace(block, () => `<!-- ${name} -->\n\n${made}\n\n<!-- /${name} -->`);
  }, page);
}

function chart(): string {
  const kinds = Object.entries(CHART) as [AccountKind, (typeof CHART)[AccountKind]][];
  return table(
    ['account', 'class', 'grows by', 'one per', 'balance', 'holds'],
    kinds.map(([kind, { class: of, owner, isSharded }]) => [
      `\`${kind}\``,
      of,
      normalSideOf(kind),
      owner.replace('psp_account', 'PSP account'),
      isSharded ? 'sharded' : 'one row',
      ACCOUNTS[kind],
    ]),
  );
}

function postings(): string {
  const events = Object.keys(EXAMPLES) as LedgerEvent[];
  const rows = events.map((event) => ({ event, row: postingRow(event) }));
  const starts = rows.flatMap(({ event }, index) => (PARTS[event] === undefined ? [] : [index]));
  return starts
    .map((start, index) => {
      const part = rows.slice(start, starts[index + 1]);
      const title = part[0] === undefined ? '' : PARTS[part[0].event];
      return `### ${title}\n\n${table(
        ['what happens', 'debit', 'credit', 'posting type', 'source'],
        part.map(({ row }) => row),
      )}`;
    })
    .join('\n\n');
}

function postingRow<Event extends LedgerEvent>(event: Event): readonly string[] {
  const { event: what, facts } = EXAMPLES[event];
  const transaction = (POSTINGS[event] as (facts: FactsOf<Event>) => LedgerTransaction | null)(facts);
  if (transaction === null) return [what, 'nothing', 'nothing', '', ''];
  return [what, ...sides(transaction), `\`${transaction.postingType}\``, transaction.source];
}

function life(): string {
  return table(
    ['', 'what happens', 'debit', 'credit'],
    LIFE.map(({ what, posts }, index) => [
      `${index + 1}`,
      what,
      ...(posts === null ? ['nothing', 'nothing'] : sides(posts)),
    ]),
  );
}

/** The posted balances at the end of the example, each on its side, and their sums. */
function trialBalance(): string {
  const balances = balancesOf(LIFE.flatMap(({ posts }) => posts?.entries ?? []))
    .map((balance) => ({ balance, netMinor: balance.postedDebits - balance.postedCredits }))
    .filter(({ netMinor }) => netMinor !== 0n);
  const sum = (sign: bigint) =>
    balances.reduce((total, { netMinor }) => total + (netMinor * sign > 0n ? netMinor * sign : 0n), 0n);
  return table(
    ['account', 'debit', 'credit'],
    [
      ...balances.map(({ balance, netMinor }) => [
        nameOf(balance),
        netMinor > 0n ? won(netMinor) : '',
        netMinor < 0n ? won(-netMinor) : '',
      ]),
      ['**sum**', `**${won(sum(1n))}**`, `**${won(sum(-1n))}**`],
    ],
  );
}

function sides({ entries }: LedgerTransaction): readonly string[] {
  const of = (side: string) => entries.filter(({ direction }) => direction === side).map(entryOf);
  return [of('debit').join('<br>'), of('credit').join('<br>')];
}

function entryOf(entry: LedgerEntry): string {
  const amount = formatAmount(entry.amountMinor, entry.account.currency).replace(' KRW', '');
  return `${nameOf(entry)} ${amount}${entry.phase === 'posted' ? '' : ` ${entry.phase}`}`;
}

function nameOf({ account }: Pick<AccountBalance, 'account'>): string {
  return `\`${account.kind}:${account.owner}\``;
}

function won(amountMinor: bigint): string {
  return formatAmount(amountMinor, 'KRW').replace(' KRW', '');
}

function table(head: readonly string[], rows: Rows): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
