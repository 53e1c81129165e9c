import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { type CapRow, EVERY_MERCHANT, listCaps } from '../../adapters/database/statements/amount-caps.ts';
import { formatAmount, isCurrency, MAX_AMOUNT_MINOR } from '../../domain/money/currency.ts';
import { clearAmountCap, whoseCap } from '../../operations/clear-amount-cap.ts';
import { setAmountCap } from '../../operations/set-amount-cap.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { commonSchema, merchantId, operatorOf, operatorSchema, withOperator } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

const whereSchema = operatorSchema.extend({ merchant: z.string().default(EVERY_MERCHANT) });

export function addCaps(program: Command, run: Run): void {
  const group = program
    .command('caps')
    .description(
      'The maximum amount of a payment, by currency: for one merchant, for all, or from the stage’s settings.',
    )
    .addHelpText('before', EXAMPLES);
  withOperator(
    group
      .command('set')
      .argument('<currency>', 'three letters, ISO 4217', currency)
      .argument('<amount>', 'in minor units: 15000 is 15,000 KRW or 150.00 USD', amount),
  )
    .description('Applies from the next payment on; accepted payments are not affected.')
    .option('--merchant <id>', 'for this merchant; by default for all without a cap of their own', merchantId)
    .action(run(whereSchema, set));
  withOperator(group.command('clear').argument('<currency>', 'three letters, ISO 4217', currency))
    .description('Removes a cap: the cap for all applies again, or the stage’s.')
    .option('--merchant <id>', 'this merchant’s cap; by default the cap for all', merchantId)
    .action(run(whereSchema, clear));
  group
    .command('list')
    .description('The caps that were set, and by whom; else the stage’s settings apply.')
    .action(run(commonSchema, list));
}

const EXAMPLES = [
  'Examples:',
  '  oncepay caps set KRW 5000000 --merchant mer_1 --why "new shop"',
  '  oncepay caps clear KRW --merchant mer_1 --why "a year without a chargeback"',
  '  oncepay caps list',
  '',
].join('\n');

function currency(text: string): string {
  if (isCurrency(text)) return text;
  throw new InvalidArgumentError('It takes an ISO 4217 currency code, such as KRW.');
}

function amount(text: string): string {
  const isWhole = /^[1-9]\d{0,15}$/.test(text);
  if (isWhole && BigInt(text) <= MAX_AMOUNT_MINOR) return text;
  throw new InvalidArgumentError(`It takes a whole number of minor units, 1 to ${MAX_AMOUNT_MINOR}.`);
}

async function set(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof whereSchema>,
  code: string,
  minor: string,
): Promise<number> {
  const { merchant } = options;
  const maxAmountMinor = BigInt(minor);
  const operator = await operatorOf(options, pipeline);
  const before = await setAmountCap(
    pipeline.database,
    { merchantId: merchant, currency: code, maxAmountMinor },
    operator,
  );
  const was = before === undefined ? 'no cap was set before' : `the cap was ${formatAmount(before, code)}`;
  output.data(
    { merchant_id: merchant, currency: code, max_amount_minor: maxAmountMinor, before: before ?? null },
    () => `A payment of ${whoseCap(merchant)} may have ${formatAmount(maxAmountMinor, code)}; ${was}.`,
  );
  output.note('\nnext: oncepay caps list');
  return EXIT.ok;
}

async function clear(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof whereSchema>,
  code: string,
): Promise<number> {
  const { merchant } = options;
  const operator = await operatorOf(options, pipeline);
  await clearAmountCap(pipeline.database, { merchantId: merchant, currency: code }, operator);
  output.data(
    { cleared: { merchant_id: merchant, currency: code } },
    () => `Cleared the cap in ${code} of ${whoseCap(merchant)}.`,
  );
  output.note('\nnext: oncepay caps list');
  return EXIT.ok;
}

async function list({ database }: Pipeline, output: Output): Promise<number> {
  const caps = await listCaps(database);
  output.data(caps, () => (caps.length === 0 ? 'No cap is set: the stage’s settings apply.' : draw(caps)));
  return EXIT.ok;
}

function draw(caps: readonly CapRow[]): string {
  return table(
    ['merchant', 'maximum amount', 'set', 'by'],
    caps.map((row) => [
      row.merchant_id,
      formatAmount(row.max_amount_minor, row.currency),
      row.set_at,
      row.set_by,
    ]),
  );
}
