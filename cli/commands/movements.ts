import type { Command } from 'commander';
import * as z from 'zod';
import {
  type DiscrepancyRow,
  listDiscrepancies,
  listMovements,
  type MovementRow,
} from '../../adapters/database/statements/list-movements.ts';
import { formatAmount } from '../../domain/money/currency.ts';
import { closeDiscrepancy } from '../../operations/close-discrepancy.ts';
import type { Pipeline } from '../connect.ts';
import { EXIT } from '../errors.ts';
import { commonSchema, operatorOf, operatorSchema, positiveInteger, withOperator } from '../options.ts';
import { type Output, table } from '../output.ts';
import type { Run } from '../run.ts';

const listSchema = commonSchema.extend({
  unknown: z.boolean().default(false),
  order: z.string().optional(),
  before: z.string().optional(),
  limit: z.number(),
});
type ListOptions = z.infer<typeof listSchema>;

/** The money that moved at the PSPs, as we booked it and as they list it. */
export function addMovements(program: Command, run: Run): void {
  const group = program
    .command('movements')
    .description('Lists the money that moved at PSPs, and where their lists differ from the books.')
    .addHelpText('before', EXAMPLES);
  group
    .command('list')
    .description('Newest first: what is booked.')
    .option('--unknown', 'instead, what a PSP lists otherwise than it is booked, or not at all', false)
    .option('--order <id>', 'of this payment order')
    .option('--before <id>', 'older than this one: the next page')
    .option('--limit <n>', 'the maximum number', positiveInteger, 50)
    .action(run(listSchema, list));
  withOperator(
    group
      .command('close <id>')
      .description('Closes a discrepancy whose cause is found; the books stay as they are.'),
  ).action(run(operatorSchema, close));
}

const EXAMPLES = [
  'Examples:',
  '  oncepay movements list --order ord_…',
  '  oncepay movements list --unknown',
  '  oncepay movements close dsc_… --why "a test charge of our finance team"',
  '',
].join('\n');

async function list(pipeline: Pipeline, output: Output, options: ListOptions): Promise<number> {
  const last = await (options.unknown ? showDiscrepancies : showMovements)(pipeline, output, options);
  if (last !== undefined) output.note(`\nnext page: --before ${last}`);
  return EXIT.ok;
}

async function showMovements(
  { database }: Pipeline,
  output: Output,
  options: ListOptions,
): Promise<string | undefined> {
  const movements = await listMovements(database, options);
  output.data(movements.map(shown), () =>
    movements.length === 0
      ? 'No movements.'
      : table(
          ['id', 'PSP account', 'kind', 'amount', 'order', 'PSP’s entry', 'occurred', 'available'],
          movements.map((row) => [
            row.movement_id,
            row.psp_account,
            row.kind,
            formatAmount(row.amount_minor, row.currency),
            row.payment_order_id,
            row.psp_entry_id,
            row.occurred_at,
            row.available_at,
          ]),
        ),
  );
  return movements.length === options.limit ? movements.at(-1)?.movement_id : undefined;
}

async function showDiscrepancies(
  { database }: Pipeline,
  output: Output,
  options: ListOptions,
): Promise<string | undefined> {
  const discrepancies = await listDiscrepancies(database, options);
  output.data(discrepancies.map(shown), () =>
    discrepancies.length === 0
      ? 'No discrepancies.'
      : table(
          [
            'id',
            'reason',
            'PSP account',
            'kind',
            'amount',
            'names',
            'PSP’s object',
            'PSP’s entry',
            'occurred',
          ],
          discrepancies.map((row) => [
            row.discrepancy_id,
            row.reason,
            row.psp_account,
            row.kind,
            formatAmount(row.amount_minor, row.currency),
            row.reference ?? row.payment_order_id,
            row.psp_reference,
            row.psp_entry_id,
            row.occurred_at,
          ]),
        ),
  );
  return discrepancies.length === options.limit ? discrepancies.at(-1)?.discrepancy_id : undefined;
}

/** Amounts are text in JSON too. */
function shown<Row extends MovementRow | DiscrepancyRow>(row: Row) {
  return { ...row, amount_minor: String(row.amount_minor) };
}

async function close(
  pipeline: Pipeline,
  output: Output,
  options: z.infer<typeof operatorSchema>,
  id = '',
): Promise<number> {
  await closeDiscrepancy(pipeline.database, id, await operatorOf(options, pipeline));
  output.data({ discrepancy_id: id, closed: true }, () => `${id} is closed.`);
  return EXIT.ok;
}
