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
      'The most that one payment may ask for, by currency: a merchant’s, everybody’s, the stage’s.',
    )
    .addHelpText('before', EXAMPLES);
  withOperator(
    group
      .command('set')
      .argument('<currency>', 'three letters, ISO 4217', currency)
      .argument('<amount>', 'in minor units: 15000 is 15,000 KRW or 150.00 USD', amount),
  )
    .description('From the next payment on; what is accepted stays accepted.')
    .option(
      '--merchant <id>',
      'for this merchant; without it for all that have no cap of their own',
      merchantId,
    )
    .action(run(whereSchema, set));
  withOperator(group.command('clear').argument('<currency>', 'three letters, ISO 4217', currency))
    .description('Takes a cap back: everybody’s holds again, or the stage’s.')
    .option('--merchant <id>', 'this merchant’s; without it everybody’s', merchantId)
    .action(run(whereSchema, clear));
  group
    .command('list')
    .description('What was set, and by whom; the settings of the stage hold for the rest.')
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
  throw new InvalidArgumentError('It takes a currency code of ISO 4217, such as KRW.');
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
  const was = before === undefined ? 'none was set' : `it was ${formatAmount(before, code)}`;
  output.data(
    { merchant_id: merchant, currency: code, max_amount_minor: maxAmountMinor, before: before ?? null },
    () => `One payment of ${whoseCap(merchant)} may ask for ${formatAmount(maxAmountMinor, code)}; ${was}.`,
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
  output.data(caps, () => (caps.length === 0 ? 'None is set: the stage’s settings hold.' : draw(caps)));
  return EXIT.ok;
}

function draw(caps: readonly CapRow[]): string {
  return table(
    ['merchant', 'a payment may ask for', 'set', 'by'],
    caps.map((row) => [
      row.merchant_id,
      formatAmount(row.max_amount_minor, row.currency),
      row.set_at,
      row.set_by,
    ]),
  );
}
